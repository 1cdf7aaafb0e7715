"""What deploy/ says of ccproxy is true of it. The servers themselves are tried by `make test-deb`."""

import re
from pathlib import Path
from typing import Any

import yaml
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load

DEPLOY = Path(__file__).parents[1] / "deploy"


def objects() -> dict[str, Any]:
    """The objects of the Kubernetes manifest by their kind."""
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}


class KubernetesTests(SynchronousTestCase):
    """The manifest."""

    def test_configuration(self) -> None:
        """Its configuration loads with the keys of its Secret, listens where the Service looks, and reloads."""
        found = objects()
        directory = Path(self.mktemp())
        (directory / "keys").mkdir(parents=True)
        for name, text in found["Secret"]["stringData"].items():
            (directory / "keys" / name).write_text(text)
        text = found["ConfigMap"]["data"]["config.json"].replace(
            "/etc/ccproxy/keys", str((directory / "keys").absolute())
        )
        (directory / "config.json").write_text(text)
        settings = load(str(directory / "config.json"), {})
        self.assertFalse(settings.demo)
        self.assertTrue(settings.reload_on_change)
        (port,) = found["Service"]["spec"]["ports"]
        self.assertEqual(settings.listen, (f"tcp:{port['port']}:interface=0.0.0.0",))

    def test_names(self) -> None:
        """All that refers to the pods means them."""
        found = objects()
        labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(found["Service"]["spec"]["selector"], labels)
        for kind, field in (
            ("Deployment", "selector"),
            ("PodDisruptionBudget", "selector"),
            ("NetworkPolicy", "podSelector"),
        ):
            self.assertEqual(found[kind]["spec"][field]["matchLabels"], labels, kind)
        self.assertEqual(
            found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"], found["Deployment"]["metadata"]["name"]
        )

    def test_metric(self) -> None:
        """The number of pods follows a metric that there is."""
        (metric,) = objects()["HorizontalPodAutoscaler"]["spec"]["metrics"]
        name = metric["pods"]["metric"]["name"]
        sources = (path.read_text() for path in (DEPLOY.parent / "ccproxy").rglob("*.py"))
        self.assertTrue(any(f'"{name}"' in source for source in sources), name)

    def test_end(self) -> None:
        """Running answers have the time that they are given, in a pod and in a container."""
        pod = objects()["Deployment"]["spec"]["template"]["spec"]
        self.assertGreater(pod["terminationGracePeriodSeconds"], 5 + load(None, {}, directories=()).shutdown_timeout)
        composed = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())["services"]["ccproxy"]
        period = int(composed["stop_grace_period"].removesuffix("s"))
        self.assertGreater(period, load(None, {}, directories=()).shutdown_timeout)


class ImageTests(SynchronousTestCase):
    """The container image."""

    def test_user(self) -> None:
        """The user of the image is the one whom the manifest names, and is not root."""
        dockerfile = (DEPLOY / "Dockerfile").read_text()
        user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.M)
        assert user is not None
        context = objects()["Deployment"]["spec"]["template"]["spec"]["securityContext"]
        self.assertEqual((int(user[1]), int(user[2])), (context["runAsUser"], context["runAsGroup"]))
        self.assertTrue(context["runAsNonRoot"])
        self.assertIn(f"{user[1]}:{user[2]}", (DEPLOY / "image.sh").read_text())
