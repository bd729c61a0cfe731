"""The driver of a migration on a cluster: ``python migration_driver.py SRC DST ADDRESS``."""

from __future__ import annotations

import sys

from trackbridge.migration import Migration, Selection, Side
from trackbridge.migration.cluster import Cluster
from trackbridge.store import connect

if __name__ == "__main__":
    with connect(sys.argv[1]) as source, connect(sys.argv[2]) as target:
        engine = Cluster(source.backend.url, target.backend.url, verify="full", workers=3, address=sys.argv[3])
        Migration(Side.of(source), Side.of(target), Selection(deleted=True), verify="full", engine=engine).run()
