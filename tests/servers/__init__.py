"""Real servers for tests: started once a session, on loopback and free ports, and always stopped."""
