"""Base64 is taken strictly, whatever comes: what is accepted is the one way to write its bytes."""

import base64
import binascii

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.pastegg.client import Paster, body, packed

SOME = st.text("ABQgwxyz019+/=-_ \n\té", max_size=12)
REAL = st.binary(min_size=1, max_size=12).map(lambda content: base64.b64encode(content).decode())


def is_strict(word: str) -> bool:
    try:
        return word != "" and base64.b64encode(base64.b64decode(word, validate=True)).decode() == word
    except (ValueError, binascii.Error):
        return False


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=SOME | REAL | st.builds("{}{}".format, REAL, SOME))
@example(word="eB==")
@example(word="eHl=")
def test_strictly(pasters: dict[str, Paster], word: str) -> None:
    answer = pasters["nobody"].send("POST", "/pastes", body(packed("base64", word)))
    assert answer.status_code == (201 if is_strict(word) else 400)
