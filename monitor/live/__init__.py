"""The farm as it changes: what the running monitor tells those who follow it, and how they keep up."""
