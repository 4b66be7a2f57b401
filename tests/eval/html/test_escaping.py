import base64
import hashlib
import json

import pytest

from memdojo.eval.html.escaping import csp_hash, json_for_script


@pytest.mark.parametrize(
    "text", ["</script>", "<!--", "]]>", "a & b", "\u2028", "\u2029", "\ud800", 'é 日本 \\ "']
)
def test_json_for_a_script_holds_no_markup_and_reads_as_what_it_was(text: str) -> None:
    written = json_for_script({text: [text]})
    assert not set(written) & set("<>&\u2028\u2029\ud800")
    assert json.loads(written) == {text: [text]}


def test_json_for_a_script_refuses_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_for_script(float("nan"))


def test_the_hash_is_that_of_the_bytes_between_the_tags() -> None:
    digest = base64.b64encode(hashlib.sha256("é".encode()).digest()).decode()
    assert csp_hash("é") == f"'sha256-{digest}'"
