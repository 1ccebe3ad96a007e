"""Code in several languages that verifies a notification's signature, with its own values.

The key is read from the environment variable SECRET_KEY and is never in the code. The texts are
written as literals of ASCII alone, so that a page, a clipboard and an editor keep them; a body that
is large or no text is read from the file that the page offers for download.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from srhooks.domain.models import Notification
from srhooks.protocol.signature import SIGNATURE_HEADER, SIGNED_HEADERS, TIMESTAMP_HEADER

FOLDER = Path(__file__).parent / "verification"
MAX_BODY = 20_000  # bytes that stand in the code
HOLE = re.compile("@([a-z_]+)@")
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Language:
    key: str
    name: str
    run: str  # how to run it, once it is saved
    letter: Callable[[str], str]  # writes one character that a literal cannot hold
    special: str = ""  # characters that mean something in a literal, besides quote and backslash
    literal: str = "{}"  # the body, from its literal
    file: str = "{}"  # the body, from the literal of a file's name


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _java(character: str) -> str:
    """Java reads \\u000a as the end of a line: controls are octal (JLS 3.3, 3.10.7)."""
    return _utf16(character) if ord(character) >= 0x80 else f"\\{ord(character):03o}"


def _braces(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _fixed(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


LANGUAGES = (
    Language(
        "python", "Python", "python3 verify.py", _fixed, literal="{}.encode()",
        file='open({}, "rb").read()',
    ),
    Language(
        "javascript", "JavaScript", "node verify.cjs", _utf16, literal="Buffer.from({})",
        file="fs.readFileSync({})",
    ),
    Language("php", "PHP", "php verify.php", _braces, "$", file="file_get_contents({})"),
    Language(
        "java", "Java", "java Verify.java", _java, literal="utf8({})",
        file="Files.readAllBytes(Path.of({}))",
    ),
    Language(
        "csharp", "C#", "dotnet run verify.cs", _fixed, literal="Encoding.UTF8.GetBytes({})",
        file="File.ReadAllBytes({})",
    ),
    Language("ruby", "Ruby", "ruby verify.rb", _braces, "#", file="File.binread({})"),
    Language("go", "Go", "go run verify.go", _fixed, file="readFile({})"),
)  # fmt: skip
GO_READ_FILE = """
func readFile(name string) string {
\tcontent, err := os.ReadFile(name)
\tif err != nil {
\t\tpanic(err)
\t}
\treturn string(content)
}
"""


@dataclass(frozen=True, slots=True)
class Code:
    key: str
    name: str
    run: str
    text: str


# Read once, at the start: a page must not wait for the disk.
TEMPLATES = {one.key: (FOLDER / f"{one.key}.txt").read_text(encoding="utf-8") for one in LANGUAGES}


def verification_code(n: Notification) -> list[Code]:
    """The same check in each language, in the order of LANGUAGES."""
    return [Code(one.key, one.name, one.run, _text(one, n)) for one in LANGUAGES]


def _text(language: Language, n: Notification) -> str:
    values = {
        "timestamp": n.headers.get(TIMESTAMP_HEADER, ""),
        "signature": n.headers.get(SIGNATURE_HEADER, ""),
        **{name.replace("-", "_"): n.headers.get(name, "") for name in SIGNED_HEADERS},
    }
    body = _inline(n.body)
    name = f"notification-{n.public_id}.body"  # it is saved under
    holes = {hole: _literal(language, value) for hole, value in values.items()}
    if body is None:
        holes["body"] = language.file.format(_literal(language, name))
    else:
        holes["body"] = language.literal.format(_literal(language, body))
    code = HOLE.sub(lambda match: holes[match[1]], TEMPLATES[language.key])
    return code + GO_READ_FILE if language.key == "go" and body is None else code


def _inline(body: bytes) -> str | None:
    try:
        return body.decode() if len(body) <= MAX_BODY else None
    except UnicodeDecodeError:
        return None


def _literal(language: Language, text: str) -> str:
    written = [
        SHORT.get(one)
        or (f"\\{one}" if one in language.special else None)
        or (one if " " <= one <= "~" else language.letter(one))
        for one in text
    ]
    return '"' + "".join(written) + '"'
