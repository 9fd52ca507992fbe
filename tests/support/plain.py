"""For clients of plain http: to load the world's certificates takes each of them 20 ms."""

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it trusts nobody
