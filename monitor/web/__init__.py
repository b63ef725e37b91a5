"""The interface for programs and the pages: a process of its own that reads beside the running monitor."""
