# bash completion for mien; written by assets/dev/make_docs.py
_mien()
{
    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" command=live options= subs=
    [[ "${COMP_WORDS[1]}" != -* ]] && command="${COMP_WORDS[1]}"
    if [[ $COMP_CWORD -eq 1 && "$word" != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "live cameras model synth prepare bench train study eval image head video" -- "$word"; compgen -f -- "$word")
        return
    fi
    if [[ $COMP_CWORD -gt 2 ]]; then
        case "$command ${COMP_WORDS[2]}" in
        "train detect"|"eval detect") command+=" ${COMP_WORDS[2]}" ;;
        esac
    fi
    case "$command $before" in
    "live --mode" | "live -m")
        mapfile -t COMPREPLY < <(compgen -W "wireframe shaded textured uv normals landmarks off" -- "$word")
        return
        ;;
    "live --prop")
        mapfile -t COMPREPLY < <(compgen -W "NAME FILE" -- "$word")
        return
        ;;
    "live --figure")
        mapfile -t COMPREPLY < <(compgen -W "textured clay wireframe" -- "$word")
        return
        ;;
    "live --hud")
        mapfile -t COMPREPLY < <(compgen -W "off line full" -- "$word")
        return
        ;;
    "live --programme")
        mapfile -t COMPREPLY < <(compgen -W "props picture everything avatar" -- "$word")
        return
        ;;
    "live --programme-camera")
        mapfile -t COMPREPLY < <(compgen -W "same props picture everything avatar" -- "$word")
        return
        ;;
    "live --programme-window")
        mapfile -t COMPREPLY < <(compgen -W "same props picture everything avatar" -- "$word")
        return
        ;;
    "live --menu")
        mapfile -t COMPREPLY < <(compgen -W "none source view props track record audience send head help settings open calibration" -- "$word")
        return
        ;;
    "synth --split")
        mapfile -t COMPREPLY < <(compgen -W "train val" -- "$word")
        return
        ;;
    "bench --precision")
        mapfile -t COMPREPLY < <(compgen -W "float bf16 auto" -- "$word")
        return
        ;;
    "bench --mode" | "bench -m")
        mapfile -t COMPREPLY < <(compgen -W "wireframe shaded textured uv normals landmarks off" -- "$word")
        return
        ;;
    "train --precision")
        mapfile -t COMPREPLY < <(compgen -W "float bf16 auto" -- "$word")
        return
        ;;
    "train --weighting")
        mapfile -t COMPREPLY < <(compgen -W "tuned equal normalised running uncertainty random dwa famo" -- "$word")
        return
        ;;
    "train detect --precision")
        mapfile -t COMPREPLY < <(compgen -W "float bf16 auto" -- "$word")
        return
        ;;
    "eval --split")
        mapfile -t COMPREPLY < <(compgen -W "validation train" -- "$word")
        return
        ;;
    esac
    case "$command" in
    live) options="--source --capture --fps --control --fov --faces --quality --filter --mode --opacity --prop --light --avatar --ground --beside --lit --figure --my-head --mirror --hud --bars --curves --axes --points --head --size --fullscreen --headless --frames --loop --pace --screenshot --record --record-sound --programme --programme-camera --programme-window --audience --folder --out --report --marks --preset --share --profile --net --detector --menu --config --show-settings --no-config --help" ;;
    cameras) options="--json --controls --quiet --help" ;;
    model) options="--ict --ibug --ibug-shift --refine --out --landmarks --help" subs="build info seal" ;;
    synth) options="--count --out --sheet --labels --clip --seconds --seed --size --threads --split --data --textures --expressions --children --strange --webcam --nobody --gaping --model --help" ;;
    prepare) options="--out --quick --limit --sources --net --copies --first --help" subs="photos turned marks expressions ferplus textures refine sheet" ;;
    bench) options="--net --threads --batch --shard --precision --landmarks --size --textures --faces --picture --fps --mode --seconds --layers --help" subs="train net synth step live" ;;
    train) options="--net --data --out --init --resume --learn --steps --batch --shard --lr --muon --muon-rate --decay --clip --average --warmup --precision --threads --seed --validate-every --log-every --freeze-norm --checkpoint --ramp --weights --weighting --period --tasks --label-fraction --pseudo --pseudo-fraction --negative --settled --upended --balance --adjust --plain --steadiness --model --sheet --help" subs="detect" ;;
    "train detect") options="--net --out --init --resume --learn --steps --batch --shard --lr --muon --muon-rate --decay --clip --average --warmup --precision --threads --seed --validate-every --log-every --freeze-norm --checkpoint --data --pack --packs-only --photos --synths --synth-share --side-share --empty-share --validation --sheet --help" ;;
    study) options="--out --set --list --tables --help" ;;
    eval) options="--net --data --split --limit --jitter --augment --seed --model --groups --channels --upended --calibrate --shapes --looks --scan --camera-unknown --pairs --portrait --people --pictures --json --help" subs="detect" ;;
    "eval detect") options="--net --data --threshold --scenes --pack --sheets --help" ;;
    image) options="--json --csv --overlay --mesh --md5 --share --faces --fov --quality --threads --net --detector --face --help" ;;
    head) options="--out --size --fov --net --detector --face --share --help" ;;
    video) options="--json --csv --overlay --md5 --mesh --out --report --profile --marks --control --frames --fps --filter --no-refine --share --faces --fov --quality --threads --net --detector --face --help" ;;
    esac
    [[ $COMP_CWORD -eq 2 ]] || subs=
    if [[ "$word" == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$subs" -- "$word"; compgen -f -- "$word")
    fi
}
complete -o filenames -F _mien mien
