"""python -m albert_training STAGE [FLAGS]; README.md tells what the stages do."""

import importlib
import sys

STAGES = ("data", "make", "refine", "study", "export", "sets")


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in STAGES:
        print(f"usage: python -m albert_training {{{','.join(STAGES)}}} [--help]", file=sys.stderr)
        return 2
    return importlib.import_module("." + sys.argv[1], __package__).main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
