"""What a wheel holds: the four rooms that are imported, and the migrations inside `rebill`.

The folder `migrations/` stands at the top of the repository, and a name as common as that is not
put beside everybody else's packages: where it is installed it is `rebill/migrations/`. So is
`docs/`, which `rebill help` reads; the page of the manual goes where manuals are. Everything
else that is to be said of the package stands in `pyproject.toml`.
"""

from setuptools import find_namespace_packages, setup

ROOMS = ("rebill", "reconcile", "invoices", "usoc_catalog")

setup(
    data_files=[("share/man/man1", ["docs/rebill.1"])],
    packages=[
        *find_namespace_packages(include=[*ROOMS, *(f"{room}.*" for room in ROOMS)]),
        *("rebill.migrations", "rebill.migrations.versions"),
        *("rebill.docs", "rebill.docs.formats"),
    ],
    package_dir={"rebill.migrations": "migrations", "rebill.docs": "docs"},
)
