"""A small OpenID provider for tests: real HTTP and real signatures, with one person who agrees to everything."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "pm-tests", "a secret of the client"
KEY_ID = "key-1"
Claims = dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    """The endpoints of the provider."""

    server: Provider

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            self._send(self.server.configuration())
        elif url.path == "/jwks":
            self._send({"keys": [self.server.public_key()]})
        elif url.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.server.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif url.path == "/userinfo":
            self._send({"sub": "another person", **self.server.person, **self.server.user_info})
        else:
            self._send({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        answer = self.server.redeem(form)
        self._send(answer, 400 if "error" in answer else 200)

    def _send(self, document: object, status: int = 200) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Provider(ThreadingHTTPServer):
    """`person` signs in; `forged` replaces claims of the ID token, `user_info` those of user info."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signer: Any = self.key
        self.algorithm = "RS256"
        self.person: Claims = {}
        self.forged: Claims = {}
        self.user_info: Claims = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: dict[str, str] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def restore(self) -> None:
        """Be honest again."""
        self.signer, self.algorithm, self.forged, self.user_info = self.key, "RS256", {}, {}

    def configuration(self) -> Claims:
        """Return the discovery document."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def public_key(self) -> Claims:
        """Return the key that verifies ID tokens."""
        document: Claims = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**document, "kid": KEY_ID, "alg": "RS256", "use": "sig"}

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser goes with a code."""
        assert query["client_id"] == CLIENT
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        self.asked = query
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def redeem(self, form: dict[str, str]) -> Claims:
        """Return the tokens for a code, once."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET)
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.person,
            **self.forged,
        }
        text = jwt.encode(claims, self.signer, algorithm=self.algorithm, headers={"kid": KEY_ID})
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 60, "id_token": text}
