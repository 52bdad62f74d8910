"""A file from the web, whole or not at all: https only, no larger than the disk allows."""

import shutil
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from Datasets.errors import StoreError
from Datasets.terminal import one_line

TIMEOUT_S = 30
AT_ONCE = 2**20
MOST_BYTES = 20 * 10**9
KEPT_FREE = 10**9
"""Bytes of the disk that a download leaves free."""


def download(url: str, to: Path) -> None:
    """Write what lies at ``url`` into the new file ``to``.

    Raises:
        StoreError: the address is none of https, nobody answers, or there is too much of it.
    """
    told = one_line(url)
    if urlsplit(url).scheme != "https":
        raise StoreError(f"{told}: an address that begins with https:// was expected, or a file")
    most = min(MOST_BYTES, shutil.disk_usage(to.parent).free - KEPT_FREE)
    taken = 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, to.open("xb") as file:  # noqa: S310 (https only)
            if urlsplit(answer.geturl()).scheme != "https":
                raise StoreError(f"{told}: it leads away from https")
            while some := answer.read(AT_ONCE):
                taken += len(some)
                if taken > most:
                    raise StoreError(f"{told}: it is larger than {max(most, 0) / 1e9:.1f} GB")
                file.write(some)
            length = answer.headers.get("Content-Length")
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        said = one_line(str(error))
        raise StoreError(f"{told}: {said}; fetch it by hand, and add the file") from None
    if length is not None and int(length) != taken:
        raise StoreError(f"{told}: it broke off after {taken:,} of {length} bytes; try again")
