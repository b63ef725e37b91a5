"""The contract on the wire: topics, messages and the connection that turbines and monitor share."""
