"""What sources of files answer (storage, mailboxes), as ``tracker.web.messages`` has it."""

from __future__ import annotations

from tracker.web.i18n import msgid

SOURCES = (
    msgid("%(host)s does not answer as S3-compatible storage does."),
    msgid("%(name)s is no name of a bucket."),
    msgid("Write bucket and address as the storage's own pages show them."),
    msgid("Allow it s3:ListBucket for the bucket and s3:GetObject for the folder."),
    msgid("Check its name, region and the address of the storage."),
    msgid("Check the address of the storage."),
    msgid("Enter access key and secret key again, or make new ones."),
    msgid("Enter the region of the bucket and the address of the storage there."),
    msgid("Its documents say what the code means."),
    msgid("The bucket is not in the region %(region)s (%(code)s)."),
    msgid("The key may not list or read %(name)s."),
    msgid("The certificate of %(host)s is not valid."),
    msgid("The storage answered with status %(status)s."),
    msgid("The storage asks to come back later (%(code)s)."),
    msgid("The storage does not answer (%(what)s)."),
    msgid("The storage does not do what it was asked for (%(code)s)."),
    msgid("The storage has no bucket %(name)s."),
    msgid("The storage refuses the access key (%(code)s)."),
    msgid("The storage sent an answer of more than %(size)s MiB."),
    msgid("The storage takes too long to send a file."),
    msgid("The storage's list of files has no end."),
    msgid("Name a folder that holds fewer, or move old ones away."),
    msgid("The folder holds more than %(count)s files."),
    msgid("It is larger than %(limit)s MiB."),
    msgid("%(value)s is no port."),
    msgid("Usually it is 993."),
    msgid("Usually it is 22."),
    msgid("%(value)s is no address of a storage."),
    msgid("Write it as https://host, without the bucket."),
    msgid("Enter one of them."),
    msgid("The connection has neither a password nor a private key."),
    msgid("%(host)s does not let this user read the folder or its files."),
    msgid("%(host)s does not speak SSH in a way that is safe today."),
    msgid("%(value)s is no fingerprint of a host key."),
    msgid("%(host)s refuses the user name, the password or the key."),
    msgid("%(host)s shows another host key than the one entered: %(key)s."),
    msgid("Ask whoever runs it for the right to read."),
    msgid("Ask whoever runs it to allow SFTP for the user."),
    msgid(
        "Ask whoever runs the server whether this is its key, then enter the part from SHA256 "
        "on as host key."
    ),
    msgid("Check server and port; a very old server has to be updated."),
    msgid("Check them with whoever runs the server."),
    msgid("Nothing was sent to it."),
    msgid(
        "The server was renewed, or somebody stands between: ask whoever runs it before you en"
        "ter the new key."
    ),
    msgid("Paste the whole key with its first and last line, and its passphrase if it has one."),
    msgid("The host key of %(host)s is not entered yet; the server shows %(key)s."),
    msgid("The private key cannot be read."),
    msgid("The server has no folder %(name)s."),
    msgid("The server lets us in, but offers no SFTP to this user."),
    msgid("Write it as SHA256:… with 43 characters, or paste the public key."),
    msgid("Write it as an SFTP program shows it after the log-in."),
    msgid("%(file)s holds %(count)s files; at most %(most)s are taken."),
    msgid("Publish it as csv, or in parts."),
    msgid("The JSON is larger than %(limit)s MiB."),
    msgid("The address sent nothing."),
    msgid("%(host)s does not answer (%(what)s)."),
)
