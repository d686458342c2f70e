"""Live sound by TLS, from servers on this machine with a certificate that the tests make."""

import ssl
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler

import numpy as np
import pytest

from panns.audio import NetworkSound
from panns.audio.live import certificates
from panns.audio.live.certificates import certificate_problem
from panns.errors import DeviceUnavailable
from tests.audio.live.certificate import server_tls
from tests.audio.live.servers import RtspCamera, files, http_server
from tests.sounds import tone, write_wav

pytest.importorskip("av")
RATE = 16_000


@pytest.fixture(scope="module")
def make_tls(tmp_path_factory):
    """Certificates for names: a function of a name that returns the context of a server, and the certificate."""
    return partial(server_tls, tmp_path_factory.mktemp("certificates"))


def served(folder, requests):
    """The files of a folder, with a list of what was asked for."""

    class Recording(SimpleHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            super().do_GET()

    return partial(Recording, directory=str(folder))


@pytest.fixture
def sound_folder(tmp_path):
    write_wav(tmp_path / "a.wav", tone(0.5, sample_rate=RATE), RATE)
    return tmp_path


def test_a_trusted_server_is_heard(make_tls, sound_folder, monkeypatch):
    tls, certificate = make_tls("localhost")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with http_server(files(sound_folder), tls) as address, NetworkSound(f"{address}/a.wav") as sound:
        samples = np.concatenate(list(sound))
    np.testing.assert_allclose(samples, tone(0.5, sample_rate=RATE), atol=1e-6)


def test_python_that_knows_no_file(make_tls, sound_folder, monkeypatch, tmp_path):
    tls, certificate = make_tls("localhost")
    known = ssl.get_default_verify_paths()._replace(cafile=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: known)
    monkeypatch.setattr(certificates, "_SYSTEM_FILES", (str(tmp_path / "missing"), certificate))
    assert certificates.tls_options() == {"tls_verify": "1", "ca_file": certificate}
    with http_server(files(sound_folder), tls) as address, NetworkSound(f"{address}/a.wav") as sound:
        assert sum(map(len, sound)) == RATE // 2
    monkeypatch.setattr(certificates, "_SYSTEM_FILES", ())
    assert certificates.tls_options() == {"tls_verify": "1"}


def test_a_server_without_a_trusted_certificate_is_refused_and_asked_for_nothing(make_tls, sound_folder):
    tls, _ = make_tls("localhost")
    requests = []
    refused = r"https://localhost:\d+/a\.wav: the certificate .* not trusted \(self.signed certificate\).*SSL_CERT_FILE"
    with http_server(served(sound_folder, requests), tls) as address, pytest.raises(DeviceUnavailable, match=refused):
        NetworkSound(address.replace("//", "//user:secret@") + "/a.wav")
    assert requests == []


def test_a_certificate_of_another_name_is_refused(make_tls, sound_folder, monkeypatch):
    tls, certificate = make_tls("other.example")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    requests = []
    with (
        http_server(served(sound_folder, requests), tls) as address,
        pytest.raises(DeviceUnavailable, match="certificate is not valid for 'localhost'"),
    ):
        NetworkSound(f"{address}/a.wav")
    assert requests == []


def test_a_server_is_not_trusted_because_another_led_to_it(make_tls, sound_folder):
    tls, _ = make_tls("localhost")
    requests = []

    class Redirecting(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", f"{secret}/a.wav")
            self.end_headers()

    with (
        http_server(served(sound_folder, requests), tls) as secret,
        http_server(Redirecting) as address,
        pytest.raises(DeviceUnavailable, match="cannot be opened"),
    ):
        NetworkSound(f"{address}/a.wav")
    assert requests == []


def test_a_camera_by_tls(make_tls, monkeypatch):
    tls, certificate = make_tls("localhost")
    samples = tone(1.0, sample_rate=RATE)
    camera = RtspCamera(samples, tls=tls)
    with pytest.raises(DeviceUnavailable, match=r"rtsps://localhost:\d+/sound: the certificate .* not trusted"):
        NetworkSound(camera.address)
    assert camera.requests == []
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    found = []
    with NetworkSound(camera.address) as sound:
        for block in sound:
            found.append(block)
            if sum(map(len, found)) >= 0.8 * RATE:
                sound.stop()
    camera.close()
    heard = np.concatenate(found)
    np.testing.assert_allclose(heard, samples[: len(heard)], atol=1e-4)
    assert camera.requests[:2] == ["OPTIONS", "DESCRIBE"]


@pytest.mark.parametrize(
    "address", ["http://localhost:9/a", "https://", "https://localhost:1", "rtsps://[", "https://a:x"]
)
def test_no_answer_is_no_problem_of_a_certificate(address):
    assert certificate_problem(address, timeout_s=1.0) is None
