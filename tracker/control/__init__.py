"""The owner's door to a running server: commands over ``DATA/tracker.sock`` (mode 0600).

An embedded engine belongs to one process, so while ``tracker serve`` runs, a command that needs
it is sent there. The request is ``POST /commands/NAME`` with the command's JSON; the answer is
JSON lines: any number of ``{"progress": [done, expected]}``, then one ``{"result": …}`` or
``{"error": {"code", "message", "hint", "status"}}``. Whoever can open the socket has the rights
of the owner of the data directory.
"""
