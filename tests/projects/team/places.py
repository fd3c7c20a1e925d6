"""A team server in a process of its own, a certificate, and nginx before it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import DEADLINE, MANAGE, environment, poll

KEY = "0123456789" * 6
PASSWORD = "correct horse 9"
EXAMPLES = Path(__file__).parents[3] / "examples" / "team"


def certificate(folder: Path, *, name: str = "localhost", days: int = 1) -> Path:
    """Write a self-signed certificate for `name` and 127.0.0.1, and its key beside it; negative days: expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return folder / "cert.pem"


class TeamServer:
    """`pm-manage serve` on a board of its own, with the administrator ada, in a file or in the database of a URL."""

    def __init__(self, folder: Path, name: str, *, database: str = "", **env: str) -> None:
        self.folder = folder
        self.env = environment(
            PM_DATABASE_URL=database or f"sqlite:///{folder}/data.db",
            PM_CONFIG_DIR=str(folder / "state") if database else None,
            PM_SECRET_KEY=KEY,
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
            **env,
        )
        folder.mkdir()
        self.manage("migrate")
        self.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org")
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*MANAGE, "serve", "--port", "0", "--behind-proxy", "127.0.0.1", "--name", name],
                env=self.env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Serving on "), self.log.read_text()
        self.url = line.split()[-1]

    def manage(self, *arguments: str) -> str:
        """Run a management command of this board; return what it prints."""
        call = subprocess.run(
            [*MANAGE, *arguments],
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
            check=False,
        )
        assert call.returncode == 0, call.stderr
        return call.stdout

    def stop(self) -> None:
        """Stop the server."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=DEADLINE)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """nginx with the example configuration of docs/team.md, on a free port with a certificate of its own."""

    server: TeamServer

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = port
        self.url = f"https://localhost:{port}"
        self.certificate = certificate(folder)

    def start(self, upstream: str) -> None:
        """Start nginx in front of `upstream`, a URL."""
        example = (EXAMPLES / "nginx.conf").read_text()
        site = (
            example.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;")
            .replace("http://127.0.0.1:8000", upstream)
            .replace("pm.example.org", "localhost")
        )
        site = re.sub("ssl_certificate .*;", f"ssl_certificate {self.certificate};", site)
        site = re.sub("ssl_certificate_key .*;", f"ssl_certificate_key {self.folder}/key.pem;", site)
        site = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", site, flags=re.DOTALL)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # Started by root, its workers would be another user, who could not keep large bodies in our folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(
            f"{user} pid {self.folder}/nginx.pid; error_log {self.folder}/error.log; daemon off;\n"
            f"events {{}}\nhttp {{ access_log off; {temporary}\n{site}\n}}\n"
        )
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert program
        self.process = subprocess.Popen(
            [program, "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        poll(self._answers, what="nginx")

    def _answers(self) -> bool:
        try:
            with self.session() as session:
                return session.get(f"{self.url}/health", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def session(self) -> requests.Session:
        """Return a browser that trusts the certificate."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.certificate)
        session.headers["Accept"] = "text/html"
        return session

    def stop(self) -> None:
        """Stop nginx."""
        self.process.terminate()
        self.process.wait(DEADLINE)


def sign_in(browser: requests.Session, url: str, password: str = PASSWORD) -> requests.Response:
    """Send ada's password to the sign-in page; return the page that follows."""
    page = browser.get(f"{url}/login/", timeout=DEADLINE)
    return browser.post(
        f"{url}/login/",
        data={"username": "ada", "password": password, "csrfmiddlewaretoken": csrf_of(page), "next": "/tokens/"},
        headers={"Referer": f"{url}/login/"},
        timeout=DEADLINE,
    )


def csrf_of(page: requests.Response) -> str:
    """Return the CSRF token of a form."""
    found = re.search('name="csrfmiddlewaretoken" value="([^"]+)', page.text)
    assert found, page.text
    return found[1]
