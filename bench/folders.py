"""Folders for what is measured, removed when all is over and not before.

Ext4 looks past each inode that was freed in the last minutes: after thousands of files were removed, making one takes
300 us of CPU instead of 6. What one case leaves behind must not make the next one slow.
"""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

PLACE = Path(__file__).parent.parent / "build"
VARIABLE = "BENCH_FOLDER"  # tells the processes of one run where its folders are


def a_folder():
    """Return a fresh folder."""
    return Path(tempfile.mkdtemp(dir=shared()))


@cache
def shared():
    """Return the folder of this run; the process that began it removes it in the end."""
    if VARIABLE not in os.environ:
        PLACE.mkdir(exist_ok=True)
        os.environ[VARIABLE] = made = tempfile.mkdtemp(prefix="bench-", dir=PLACE)
        atexit.register(shutil.rmtree, made, ignore_errors=True)
    return os.environ[VARIABLE]
