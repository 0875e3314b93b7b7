#!/usr/bin/env python3
"""Lays the files of fetched repositories out.

    checkout.py MIRROR TO SUITE...

MIRROR/OWNER+NAME/repo is a git directory, or has one as .git; the files go to
TO/OWNER_NAME. What is there already is kept. Which repositories a suite needs,
and at which commit its figures were taken, is in repos.txt. Links, files that
the git directory lacks, and folders that repos.txt leaves out are not laid out.
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def repositories(suites):
    for line in open(HERE + "/repos.txt"):
        if not line.startswith("#"):
            name, commit, used, *out = line.split()
            if "mdreal" in suites or set(used.split(",")) & set(suites):
                yield name, commit, [o[1:] + "/" for o in out]


def git_directory(mirror, name):
    g = f"{mirror}/{name.replace('/', '+')}/repo"
    g = g + "/.git" if os.path.isdir(g + "/.git") else g
    return g if os.path.isdir(g + "/objects") else None


def git(g, *args, **k):
    return subprocess.run(["git", "--git-dir=" + g, *args], stdout=subprocess.PIPE, check=True, **k).stdout


def checkout(g, name, commit, left_out, to):
    if subprocess.run(["git", "--git-dir=" + g, "cat-file", "-e", commit + "^{commit}"], stderr=subprocess.DEVNULL).returncode:
        head = git(g, "rev-parse", "HEAD").decode().strip()
        print(f"warning: {name} is at {head[:12]}; the recorded figures are of {commit[:12]}", file=sys.stderr)
        commit = head
    files = []
    for line in git(g, "ls-tree", "-r", "-z", commit).split(b"\0"):
        if line:
            meta, path = line.split(b"\t", 1)
            mode, kind, blob = meta.split()
            if kind == b"blob" and mode != b"120000" and not path.startswith(tuple(o.encode() for o in left_out)):
                files.append((blob, path))
    p = subprocess.Popen(["git", "--git-dir=" + g, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, env={**os.environ, "GIT_NO_LAZY_FETCH": "1"})
    missing = 0
    for blob, path in files:
        p.stdin.write(blob + b"\n")
        p.stdin.flush()
        head = p.stdout.readline().split()
        if len(head) < 3:
            missing += 1
            continue
        data = p.stdout.read(int(head[2]))
        p.stdout.read(1)
        path = os.path.join(to.encode(), path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    p.stdin.close()
    p.wait()
    print(f"{name}: {len(files) - missing} files, {missing} not in the snapshot", file=sys.stderr)


def main():
    mirror, to, *suites = sys.argv[1:]
    todo = []
    for name, commit, left_out in repositories(suites):
        at = f"{to}/{name.replace('/', '_')}"
        if not os.path.isdir(at):
            todo.append((git_directory(mirror, name), name, commit, left_out, at))
    lacking = [name for g, name, *_ in todo if not g]
    if lacking:
        sys.exit(f"Not in {mirror}; fetch first:\n" + "\n".join("  github:" + n for n in lacking))
    for g, name, commit, left_out, at in todo:
        shutil.rmtree(at + ".part", ignore_errors=True)
        os.makedirs(at + ".part")
        checkout(g, name, commit, left_out, at + ".part")
        os.rename(at + ".part", at)


if __name__ == "__main__":
    main()
