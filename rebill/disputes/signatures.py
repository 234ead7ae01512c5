"""Approvals that are signed: what is signed, and whether a key of OpenSSH signed it.

`ssh-keygen` checks: nothing of it is done here. What is signed names the database, so that it says
nothing anywhere else.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from rebill.run.acts import Act
from rebill.workspace.sections import PUBLIC_KEY
from rebill.workspace.settings import ConfigError

NAMESPACE = "rebill"
"""What signatures are for: `ssh-keygen -Y sign -n rebill`."""
LARGEST = 2**16
"""Bytes of a signature; one of OpenSSH has some hundreds."""
_SIGNER = "signer"


def statement(act: Act, claims: Iterable[tuple[str, Decimal]], token: str) -> str:
    """Return what is signed: that claims of these amounts are approved, by whom, when and why.

    `token` tells the database from any other.
    """
    told = [f"claim: {number} {amount:.2f}" for number, amount in sorted(claims)]
    return "\n".join(
        [
            "rebill: approve claims to be filed",
            *told,
            f"name: {act.who}",
            f"day: {act.on}",
            f"reason: {act.reason}",
            f"database: {token}",
            "",
        ]
    )


def read_signature(path: Path) -> str:
    """Return the text of a signature; raises ConfigError where it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path} cannot be read as a signature: {fault}") from None
    if len(text) > LARGEST or not text.startswith("-----BEGIN SSH SIGNATURE-----"):
        raise ConfigError(
            f"{path} is no signature of OpenSSH; make one of what --statement prints with"
            f" `ssh-keygen -Y sign -n {NAMESPACE} -f KEY statement.txt`"
        )
    return text


def signed_by(key: str, signature: str, text: str) -> bool:
    """Whether the key signed the text, for us. Raises ConfigError where that cannot be found out.

    `key` is a public key as OpenSSH writes it.
    """
    plain = PUBLIC_KEY.match(key.strip())
    if plain is None:
        return False
    with tempfile.TemporaryDirectory(prefix="rebill-") as folder:
        signers, own = Path(folder) / "signers", Path(folder) / "signature"
        signers.write_text(f'{_SIGNER} namespaces="{NAMESPACE}" {plain[0]}\n')
        own.write_text(signature + "\n")
        words = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", _SIGNER]
        words += ["-n", NAMESPACE, "-s", str(own)]
        try:
            done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=60)
        except FileNotFoundError:
            raise ConfigError(
                "signatures are checked with ssh-keygen, which is not here: install OpenSSH"
            ) from None
        except subprocess.TimeoutExpired:
            raise ConfigError("ssh-keygen does not answer: the signature was not checked") from None
    return done.returncode == 0
