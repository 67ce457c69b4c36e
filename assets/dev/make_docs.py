#!/usr/bin/env python3
"""Writes the man page and the shell completions from the program's own --help.

    assets/dev/make_docs.py [PROGRAM [FOLDER]]     default: build/release/mien, assets

Run it after an option changed; tests/e2e/docs.sh says when that was forgotten.
"""
import os, re, subprocess, sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # assets
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "build", "release", "mien")
OUT = sys.argv[2] if len(sys.argv) > 2 else HERE


def help_of(*words):
    env = dict(os.environ, MIEN_DATA="../shared")  # a default that is shown must not name this machine
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, env=env).stdout


def commands():
    return re.findall(r"^  ([a-z]+) +(\S.*)$", help_of(), re.M)


def subcommands(text):
    m = re.search(r"^subcommands: (.*)$", text, re.M)
    return m[1].split("|") if m else []


def tables():
    """[(name, summary, what --help says, its subcommands)]; a subcommand with options of its own is
    an entry too, "train detect"."""
    out = []
    for name, summary in commands():
        text = help_of(name)
        out.append((name, summary, parse(text), subcommands(text)))
        for sub in subcommands(text):
            own = help_of(name, sub)
            if own.startswith("mien %s %s: " % (name, sub)):
                parsed = parse(own)
                out.append((name + " " + sub, parsed[0], parsed, []))
    return out


def parse(text):
    """summary, usage, options [(letter, name, argument, help)], example lines, keys [(key, what it does)]"""
    text, _, sheet = text.partition("\nkeys:\n")
    keys = re.findall(r"^  (.+?) {2,}(\S.*)$", sheet, re.M)
    head = text.split("\n", 1)[0]
    usage = re.search(r"^usage: (.*)$", text, re.M)
    options, example = [], []
    for line in text.split("\n"):
        m = re.match(r"  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?:\s{2,}(.*))?$", line)
        if m:
            options.append([m[1], m[2], m[3], m[4] or ""])
        elif options and re.match(r" {20,}\S", line):
            options[-1][3] = (options[-1][3] + " " + line.strip()).strip()
    if "\nexample:\n" in text:
        example = [l.strip() for l in text.split("\nexample:\n", 1)[1].split("\n") if l.strip()]
    return head.split(": ", 1)[-1], usage[1] if usage else "", options, example, keys


def roff(s):
    s = s.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + s if s[:1] in ".'" else s


def man(table):
    o = ['.TH MIEN 1 "" "mien" "User Commands"', ".SH NAME",
         "mien \\- a live 3D face sensor from an ordinary camera", ".SH SYNOPSIS",
         ".B mien", "[\\fICOMMAND\\fR] [\\fIoptions\\fR]", ".SH DESCRIPTION",
         "Finds faces in a camera's frames, pictures or videos and fits a 3D face to each: head pose, shape,",
         "blendshapes, expression and gaze. Without a command,", ".B live", "runs.",
         ".SH COMMANDS"]
    for name, summary, (head, usage, options, example, keys), _ in table:
        o += [".SS " + roff(name), roff(head[:1].upper() + head[1:].rstrip(".")) + ".", ".PP",
              "\\fB" + roff(usage or "mien " + name) + "\\fR"]
        for letter, long, arg, text in options:
            if long == "help":
                continue
            o.append(".TP")
            o.append(("\\fB\\-%s\\fR, " % letter if letter else "") + "\\fB\\-\\-%s\\fR" % roff(long) +
                     (" \\fI%s\\fR" % roff(arg) if arg else ""))
            o.append(roff(text) or "\\&")
        if example:
            o += [".PP", "Example:", ".PP", ".nf", ".RS"] + [roff(e) for e in example] + [".RE", ".fi"]
        if keys:
            o += [".PP", "Keys; the menus do the same with a mouse:"]
        for key, what in keys:
            o += [".TP", "\\fB" + roff(key) + "\\fR", roff(what)]
    o += [".SH EXIT STATUS", ".TP", ".B 0", "Done.", ".TP", ".B 1",
          "Something failed on the way and was explained; what was done is kept.", ".TP", ".B 2",
          "Wrong options, or nothing usable among the files named.",
          ".SH ENVIRONMENT", ".TP", ".B MIEN_HOME",
          "Folder that holds models/, shaders/ and assets/; found beside the program when not set.", ".TP",
          ".B MIEN_DATA", "Folder of training and evaluation data.", ".TP", ".B MIEN_CPU",
          "plain, avx2 or avx512: the fastest kernels that may be used.",
          ".SH FILES", "models/ict.face, models/face.net, models/detect.net"]
    return "\n".join(o) + "\n"


def bash(table):
    names = " ".join(t[0] for t in table if " " not in t[0])
    nested = "|".join(t[0] for t in table if " " in t[0])
    o = ["# bash completion for mien; written by assets/dev/make_docs.py", "_mien()", "{",
         '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" command=live options= subs=',
         '    [[ "${COMP_WORDS[1]}" != -* ]] && command="${COMP_WORDS[1]}"',
         '    if [[ $COMP_CWORD -eq 1 && "$word" != -* ]]; then',
         '        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$word"; compgen -f -- "$word")' % names,
         "        return", "    fi"]
    if nested:
        o += ['    if [[ $COMP_CWORD -gt 2 ]]; then', '        case "$command ${COMP_WORDS[2]}" in',
              '        %s) command+=" ${COMP_WORDS[2]}" ;;' % "|".join('"%s"' % n for n in nested.split("|")),
              "        esac", "    fi"]
    o += ['    case "$command $before" in']
    for name, _, (_, _, options, *_), _ in table:
        for letter, long, arg, _ in options:
            if arg and "|" in arg:
                keys = '"%s --%s"' % (name, long) + (' | "%s -%s"' % (name, letter) if letter else "")
                o += ["    %s)" % keys, '        mapfile -t COMPREPLY < <(compgen -W "%s" -- "$word")' % arg.replace("|", " "),
                      "        return", "        ;;"]
    o += ["    esac", '    case "$command" in']
    for name, _, (_, _, options, *_), subs in table:
        key = '"%s"' % name if " " in name else name
        o += ["    %s) options=\"%s\"%s ;;" % (key, " ".join("--" + x[1] for x in options),
                                              " subs=\"%s\"" % " ".join(subs) if subs else "")]
    o += ["    esac", "    [[ $COMP_CWORD -eq 2 ]] || subs=", '    if [[ "$word" == -* ]]; then',
          '        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")', "    else",
          '        mapfile -t COMPREPLY < <(compgen -W "$subs" -- "$word"; compgen -f -- "$word")',
          "    fi", "}", "complete -o filenames -F _mien mien"]
    return "\n".join(o) + "\n"


def fish(table):
    q = lambda s: "'" + s.replace("\\", "\\\\").replace("'", "\\'") + "'"
    o = ["# fish completion for mien; written by assets/dev/make_docs.py"]
    nested = [t[0].split() for t in table if " " in t[0]]
    for name, summary, (_, _, options, *_), subs in table:
        seen = "; and ".join("__fish_seen_subcommand_from " + w for w in name.split())
        seen += "".join("; and not __fish_seen_subcommand_from " + b for a, b in nested if a == name)
        if " " not in name:
            o.append("complete -c mien -n __fish_use_subcommand -a %s -d %s" % (name, q(summary)))
        for letter, long, arg, text in options:
            line = "complete -c mien -n %s -l %s" % (q(seen), long)
            line += " -s " + letter if letter else ""
            line += " -x -a " + q(arg.replace("|", " ")) if arg and "|" in arg else " -r" if arg else ""
            o.append(line + " -d " + q(text))
        for s in subs:
            o.append("complete -c mien -n '__fish_seen_subcommand_from %s' -a %s" % (name, s))
    return "\n".join(o) + "\n"


table = tables()
if not table:
    sys.exit("%s --help lists no commands" % PROGRAM)
os.makedirs(OUT + "/completion", exist_ok=True)
for path, text in (("mien.1", man(table)), ("completion/mien.bash", bash(table)), ("completion/mien.fish", fish(table))):
    with open(os.path.join(OUT, path), "w", encoding="utf-8") as f:
        f.write(text)
