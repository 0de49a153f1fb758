"""Tables of source classification: facts as data, read by ``tracker.ingest.classify``.

A change to any of these tables that can change a result needs a higher ``RULES_VERSION`` in
``classify.py``, so that stored outcomes can be told apart and made again.
"""
