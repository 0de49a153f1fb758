"""Scheduled sources without an interface of a platform: addresses, mailboxes. Each fetches files,
which then go through the importer as if somebody had uploaded them."""
