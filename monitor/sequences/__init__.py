"""Which of their readings the monitor has of the turbines that count them: what to acknowledge, and what is missing."""
