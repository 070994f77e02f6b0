"""Three programs in a pipeline count the lines that hold a word; then one whose reader ends early."""
import pathlib
import subprocess
import sys

POEM = pathlib.Path(__file__).parent.parent / "poem.txt"


def run(*stages):
    """Connects each stage's standard output to the next one's input; returns the last output and every exit code."""
    processes = []
    for stage in stages:
        source = processes[-1].stdout if processes else subprocess.DEVNULL
        processes.append(subprocess.Popen(stage, stdin=source, stdout=subprocess.PIPE))
        if source is not subprocess.DEVNULL:
            source.close()  # or the stage before would never see that its reader is gone
    output = processes[-1].communicate()[0].decode()
    return output, [process.wait() for process in processes]


def main():
    output, codes = run(["cat", str(POEM)], ["grep", "wall"], ["wc", "-l"])
    print(f"lines: {output.strip()}, exit codes: {codes}")
    output, codes = run(["cat", str(POEM)], ["grep", "nowhere"], ["wc", "-l"])
    print(f"lines: {output.strip()}, exit codes: {codes}")
    output, codes = run(["yes"], ["head", "-n", "2"])
    print(f"lines: {len(output.splitlines())}, exit codes: {codes}")


if __name__ == "__main__":
    main()
    sys.exit(0)
