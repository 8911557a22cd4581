"""Patterns of paths: what is let through, browsers can read, and finish reading."""

from __future__ import annotations

import json
import random
import re
import subprocess

import pytest
from django.core.exceptions import ValidationError

from consult.invitations import pattern

GOOD = [
    "/",
    "*",
    "/lamps/*",
    "/лампы/*",
    "*/reading/*",
    "/a(b)[c]+.html",
    "^/lamps/[a-z-]+$",
    r"^/lamps/\d{2,5}(?:/|$)",
    r"^/(lamps|shades)(/.*)?$",
    r"^/\w+\.html$",
    r"^/[^/]+/[\w.-]+/$",
    "^/(?:a{2}b){3}$",
]

WRONG = {
    "lamps/*": "“lamps/*” is no path. Write “/lamps/*”.",
    "https://shop.example/lamps/?page=2": "Write “/lamps/”.",
    "https://shop.example": "Write “/”.",
    "/lamps/?page=2": "never fits, for a path ends before ? and #. Write “/lamps/”.",
    "/lamps/#top": "Write “/lamps/”.",
    "/" + "a" * 200: "is longer than 200 characters",
    "^/lamps/(": "is no regular expression: ",
    "^/lamps/)": "is no regular expression: ",
    "^/a{3,2}": "is no regular expression: ",
    "^/[z-a]": "is no regular expression: ",
    "^/a**": "is no regular expression: ",
    "^*": "is no regular expression: ",
    "^/lamps/[": "Browsers may not understand “[” in",
    "^/a{": "Browsers may not understand “{” in",
    "^/a*+": "Browsers may not understand “*+”",
    "^/(?P<lamp>a)": "Browsers may not understand “(?P<l”",
    "^/(?i)a": "Browsers may not understand “(?i)a”",
    r"^/\Alamps": r"Browsers may not understand “\Alam”",
    r"^/(a)\1": r"Browsers may not understand “\1”",
    "^/[]a]": "Browsers may not understand “[]a]”",
    r"^/\-": r"Browsers may not understand “\-”",
    "^(a+)+$": "a browser may try that for ever",
    "^(?:/[a-z]+)*$": "a browser may try that for ever",
    "^((a|b)){2,}$": "a browser may try that for ever",
    "^(a?){50}a$": "a browser may try that for ever",
    "^.*a.*b.*c.*d.*$": "a browser may try that for ever",
    "^" + "(a|a)" * 30 + "$": "a browser may try that for ever",
}


@pytest.mark.parametrize("good", GOOD)
def test_what_browsers_can_read_is_let_through(good: str) -> None:
    pattern.check(good)


@pytest.mark.parametrize(("wrong", "sentence"), WRONG.items())
def test_the_rest_is_refused_with_the_remedy(wrong: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        pattern.check(wrong)
    assert sentence in refused.value.messages[0]


def test_whatever_is_let_through_compiles_in_both_languages() -> None:
    dice = random.Random(4)
    signs = [*"^$.|()[]{}*+?\\/-,:=!<>aPzi019&~ é", "(?:", "{2}", "{2,5}", r"\d", r"\-", "[a-z]", "[^/]"]
    written = ["^" + "".join(dice.choices(signs, k=dice.randrange(1, 9))) for _ in range(20_000)]
    passed = [one for one in written if is_let_through(one)]
    assert 1000 < len(passed) < 15_000
    for one in passed:
        re.compile(one)
    read = "for (const one of JSON.parse(require('fs').readFileSync(0))) new RegExp(one) && new RegExp(one, 'u')"
    subprocess.run(["node", "-e", read], input=json.dumps(passed), text=True, check=True)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("*", "/lamps/*", True),
        ("/lamps/*", "/lamps/*", True),
        ("/lamps/*", "/lamps/reading/*", True),
        ("/lamps/*", "/lamps/moth/", True),
        ("/lamps/*", "/lamps*", False),
        ("/lamps/*", "*", False),
        ("/lamps/", "/lamps/*", False),
        ("/l.mps/", "/lamps/", False),
        ("^/lamps", "^/lamps", True),
        ("*", "^/lamps", False),
        ("/*a*a/", "/aa/", True),
        ("/*a*a/", "/a/", False),
        ("/a*a/", "/a/", False),
        ("*a" * 66 + "b", "/" + "a" * 199, False),  # the server would compare them for years
    ],
)
def test_one_pattern_covers_another(wide: str, narrow: str, covered: bool) -> None:  # noqa: FBT001
    assert pattern.covers(wide, narrow) == covered


def is_let_through(written: str) -> bool:
    try:
        pattern.check(written)
    except ValidationError:
        return False
    return True
