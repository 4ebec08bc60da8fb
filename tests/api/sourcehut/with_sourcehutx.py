"""What sourcehutx makes of a server, whose address and a token are given: printed as JSON. A program of its own, since
that client is asynchronous, and has warnings for Python that are not ours."""

import asyncio
import json
import sys

from sourcehut.client import VISIBILITY, FileUpload, SrhtClient
from sourcehut.exceptions import ResourceNotFoundError, SrhtClientError
from sourcehut.services.paste import PasteSrhtClient

FILES = [
    FileUpload("print('hello')\n", "hello.py"),
    FileUpload("naïve ☃\n".encode(), "☃.txt"),
    FileUpload(b"piped", None),
]


class Here(SrhtClient):
    """One address for all services."""

    def get_endpoint(self, service: object) -> str:
        return f"{self.baseurl}/query"


async def main(url: str, token: str) -> dict[str, object]:
    async with Here(url, token) as client:
        pastes = PasteSrhtClient(client)
        made = await pastes.create(FILES, VISIBILITY.PRIVATE)
        read = await pastes.get_paste(made)
        told: dict[str, object] = {
            "version": str(await pastes.version()),
            "me": await pastes.whoami(),
            "owner": made.user,
            "visibility": made.visibility,
            "same": read.dict() == made.dict() and str(await pastes.get_paste_ref(made.id)) == made.id,
            "names": [file.filename for file in read.files],
            "contents": [
                (await client.http_client.get(file.contents, headers=client.auth_headers)).text for file in read.files
            ],
            "listed": made.id in [paste.id async for paste in pastes.list_pastes(max_pages=None)],
            "deleted": (await made.delete()).id == made.id,
        }
        for name, asking in (("get", pastes.get_paste), ("delete", pastes.delete)):
            try:
                await asking(made.id)
            except ResourceNotFoundError:
                told[f"{name} again"] = "not found"
        try:
            await pastes.create([FileUpload(b"\xff\xfe", "binary")])
        except SrhtClientError as error:
            told["binary"] = error.errors
        return told


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
