"""Serve a folder over HTTP ranges with latency and a shared bandwidth: FOLDER LATENCY_MS MBIT."""

import asyncio
import re
import sys
import urllib.parse
from pathlib import Path

CHUNK = 32_768


class Line:
    """All connections share one line of `mbit` (0: no limit)."""

    def __init__(self, mbit):
        self.rate, self.free = mbit * 1e6 / 8, 0.0

    async def take(self, size):
        if not self.rate:
            return
        now = asyncio.get_running_loop().time()
        self.free = max(self.free, now) + size / self.rate
        await asyncio.sleep(max(self.free - now, 0))


async def serve(folder, latency_s, mbit):
    line, counts, bodies = Line(mbit), {"requests": 0, "bytes": 0}, {}

    def body_of(path):
        if path not in bodies:
            file = (folder / path.lstrip("/")).resolve()
            bodies[path] = file.read_bytes() if file.is_relative_to(folder) and file.is_file() else None
        return bodies[path]

    async def handle(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode("latin1").split("\r\n")
                verb, path = first.split()[0], urllib.parse.unquote(first.split()[1])
                if path == "/counts":
                    text = f"{counts['requests']} {counts['bytes']}".encode()
                    counts.update(requests=0, bytes=0)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
                    continue
                counts["requests"] += 1
                await asyncio.sleep(latency_s)
                whole = body_of(path)
                if whole is None:
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                named = next((v for v in rest if v.lower().startswith("range:")), "")
                asked = re.search(r"bytes=(\d+)-(\d*)", named)
                start = int(asked[1]) if asked else 0
                stop = min(int(asked[2]) + 1 if asked and asked[2] else len(whole), len(whole))
                status = "206 Partial Content" if asked else "200 OK"
                place = f"Content-Range: bytes {start}-{stop - 1}/{len(whole)}\r\n" if asked else ""
                etag = f'ETag: "{len(whole)}"\r\nAccept-Ranges: bytes\r\nContent-Type: image/tiff\r\n'
                writer.write(f"HTTP/1.1 {status}\r\n{place}{etag}Content-Length: {stop - start}\r\n\r\n".encode())
                if verb != "HEAD":
                    counts["bytes"] += stop - start
                    for at in range(start, stop, CHUNK):
                        part = whole[at : min(at + CHUNK, stop)]
                        await line.take(len(part))
                        writer.write(part)
                        await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).resolve(), float(sys.argv[2]) / 1000, float(sys.argv[3])))
