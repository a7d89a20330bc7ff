import sys

from tests.portal_server import serve

with serve(int(sys.argv[1])) as running:
    print(running.url, flush=True)
    running.stop.wait()
