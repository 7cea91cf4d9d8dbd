"""The checks of clients.py, one module for each client or subject."""
