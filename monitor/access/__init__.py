"""Who may do what: roles, scopes, people's accounts, programs' tokens, and sessions."""
