"""The rooms of the house stand in order: no circle, no crowd, and a name stands for one thing."""

from __future__ import annotations

import house
import pytest
import rooms
from checkout import ROOT
from house import Module

MODULES = house.modules(ROOT, *house.ROOMS)
SUITE = house.modules(ROOT, "tests")


@pytest.mark.parametrize("rule", rooms.RULES, ids=lambda rule: rule.__name__)
def test_all_modules_together_keep_the_rule(rule):
    broken = rule(MODULES)
    assert not broken, "\n" + "\n".join(broken)


def test_the_tests_of_a_room_are_in_a_folder_of_its_name():
    broken = [*rooms.astray([each.path for each in SUITE], MODULES), *rooms.crowded(SUITE)]
    assert not broken, "\n" + "\n".join(broken)


def test_there_are_rooms_to_look_at():
    seen = {(each.room, rooms.room_of(each.name)) for each in MODULES}
    assert len(seen) >= 30
    assert ("rebill", "pricing") in seen and ("reconcile", "claims") in seen
    assert sum(map(len, rooms.arrows(MODULES).values())) >= 500
    assert rooms.arrows(MODULES)[rooms.STAGE_LIST]


def test_every_name_with_a_role_stands_in_more_than_one_folder():
    assert not set(rooms.ROLES) - set(rooms.homonyms(MODULES))


def built(files: dict[str, str]) -> list[Module]:
    """Return a small house: the path of each file and what stands in it."""
    named = {path: path.removesuffix(".py").removesuffix("/__init__") for path in files}
    return [Module(named[p].replace("/", "."), p, text) for p, text in files.items()]


LISTED = {"rebill/night/stages.py": "from rebill.judging.stage import audit_lines"}
AUDIT = {"rebill/judging/stage.py": "from rebill.run import stages"}
BREAKS = [
    (rooms.order, {"rebill/store/x.py": "from rebill.cli import base"}),
    (rooms.order, {"rebill/store/x.py": "def f():\n    from rebill.disputes.claims import of"}),
    (rooms.order, {"rebill/cash/x.py": "import rebill.books.journal"}),
    (rooms.order, {"rebill/selling/x.py": "from ..intake import read"}),
    (rooms.order, {"rebill/inquiry/x.py": "from rebill.night import batch"}),
    (rooms.order, {"rebill/portal/x.py": "from rebill.store import record"}),
    (rooms.order, {"rebill/quotes/x.py": "from rebill.cash import report"}),
    (rooms.order, {"rebill/pricing/x.py": "from rebill.paper import text"}),
    (rooms.order, {"rebill/attic/x.py": ""}),
    (rooms.order, {"rebill/x.py": ""}),
    (rooms.order, {"reconcile/claims/x.py": "from reconcile.audit import match"}),
    (rooms.order, {"reconcile/pulls/x.py": "from reconcile.claims.life import STATE"}),
    (rooms.order, {"reconcile/policies.py": "from reconcile.contracts import Contract"}),
    (rooms.circles, {"rebill/a.py": "import rebill.b", "rebill/b.py": "from rebill.a import f"}),
    (
        rooms.circles,
        {"rebill/a/__init__.py": "from . import b", "rebill/a/b.py": "from . import g"},
    ),
    (rooms.crowded, {f"rebill/store/x{n}.py": "" for n in range(rooms.FOLDER_MODULES + 1)}),
    (rooms.named_twice, {"rebill/cash/x.py": "", "rebill/books/x.py": ""}),
    (rooms.named_twice, {"invoices/bank/x.py": "", "invoices/x.py": ""}),
    (rooms.stages, {**LISTED, "rebill/cash/stage.py": "", "rebill/judging/stage.py": ""}),
    (rooms.stages, {**LISTED, **AUDIT, "rebill/cash/x.py": "import rebill.judging.stage"}),
]
HARMLESS = [
    (rooms.order, {"rebill/cli/x.py": "from rebill import store, __version__\nimport reconcile"}),
    (rooms.order, {"rebill/quotes/x.py": "from rebill.orders import order"}),
    (rooms.order, {"rebill/portal/x.py": "from rebill.outbox import deliver"}),
    (rooms.order, {"rebill/executor/x.py": "from .x import y\nfrom rebill.store import record"}),
    (rooms.order, {"rebill/__init__.py": "", "rebill/cash/forecast/x.py": "import rebill.cash.y"}),
    (rooms.order, {"reconcile/cash/x.py": "from reconcile.contracts import Contract"}),
    (rooms.order, {"invoices/bank/x.py": "from invoices.carrier import source"}),
    (rooms.circles, {"rebill/a.py": "import rebill.b", "rebill/b.py": "import rebill.c"}),
    (rooms.circles, {"rebill/a/__init__.py": "from .b import f", "rebill/a/b.py": "import rebill"}),
    (rooms.crowded, {f"rebill/store/x{n}.py": "" for n in range(rooms.FOLDER_MODULES)}),
    (rooms.named_twice, {"rebill/cash/stage.py": "", "rebill/judging/stage.py": ""}),
    (rooms.named_twice, {"rebill/cash/x.py": "", "invoices/x.py": "", "rebill/cli/x.py": ""}),
    (rooms.stages, {**LISTED, **AUDIT, "rebill/judging/x.py": "from .stage import audit_lines"}),
]


@pytest.mark.parametrize(("rule", "files"), BREAKS)
def test_the_rule_sees_what_breaks_it(rule, files):
    assert rule(built(files))


@pytest.mark.parametrize(("rule", "files"), HARMLESS)
def test_the_rule_lets_the_harmless_pass(rule, files):
    assert not rule(built(files))


@pytest.mark.parametrize(
    ("path", "harmless"),
    [
        ("tests/rebill/cash/test_report.py", True),
        ("tests/support/models/model.py", True),
        ("tests/conftest.py", True),
        ("tests/rebill/cash/conftest.py", True),
        ("tests/rebill/attic/test_report.py", False),
        ("tests/test_report.py", False),
        ("tests/rebill/cash/report.py", False),
        ("tests/rebill/cash/__init__.py", False),
    ],
)
def test_a_file_of_tests_that_stands_for_no_room_is_seen(path, harmless):
    assert bool(rooms.astray([path], built({"rebill/cash/report.py": ""}))) != harmless
