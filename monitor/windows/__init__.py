"""Windows of event time: when they are complete, and what they come to."""
