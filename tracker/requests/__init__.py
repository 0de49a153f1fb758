"""What commands are asked: plain structs, one module a noun.

Nothing here, nor what it imports, opens a store or needs a library beyond msgspec: a command that
is sent to a running server costs no more than its words (``tests/test_cli_start.py``). Paths in a
request are absolute. ``tracker/commands`` has what does them.
"""
