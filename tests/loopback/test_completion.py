"""Commands and options, completed by shells."""

import shutil

from tests.loopback.test_process import PersonCase

ASKS = """
eval "$(ccproxy completion bash)"
complete_words() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _ccproxy_completion ccproxy
    printf '%s ' "${COMPREPLY[@]}"; echo
}
complete_words ccproxy sta
complete_words ccproxy start --fo
complete_words ccproxy tokens fe
"""


class CompletionTests(PersonCase):
    """`ccproxy completion`, taken over by shells."""

    def test_bash(self) -> None:
        """In bash, commands, their options and commands within commands are completed."""
        bash = shutil.which("bash")
        if bash is None:
            self.skipTest("bash is not installed")
        ended = self.person.run(bash, "--norc", "-c", ASKS)
        self.assertEqual(ended.stderr, "")
        first, second, third = (set(line.split()) for line in ended.stdout.splitlines())
        self.assertLessEqual({"start", "status"}, first)
        self.assertEqual((second, third), ({"--foreground"}, {"fetch"}))

    def test_each(self) -> None:
        """Each shell's is printed with the line that has it in every shell; the default is the user's."""
        for shell in ("bash", "zsh", "fish"):
            shown = self.ccproxy("completion", shell)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn(f"ccproxy completion {shell}", shown.stdout.splitlines()[0])
            self.assertIn("_CCPROXY_COMPLETE", shown.stdout)
        self.assertIn("fish", self.ccproxy("completion", SHELL="/usr/bin/fish").stdout.splitlines()[0])
