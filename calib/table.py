"""Tables of calibrations, as Markdown: table.py NAME.h5[=SECONDS] ... > calibrations.md (python3, h5py).

SECONDS: how long making it took."""
import os
import sys

import h5py


def texts(file, name):
    return [text.decode() if isinstance(text, bytes) else str(text) for text in file[name][()]]


def number(value):
    return "-" if value != value else f"{value:.4g}"


print("# Shipped calibrations\n\nMade by `make calibrations`; numbers from the files.")
for argument in sys.argv[1:]:
    path, _, seconds = argument.partition("=")
    with h5py.File(path) as file:
        print(f"\n## {os.path.basename(path)}\n")
        print(f"{len(file['deck'])} decks, {file.attrs['ngspice_version']}" + (f"; made in {seconds} s" if seconds else "") + ".\n")
        print("| relation | parameter | estimate | standard error | 95 % interval | unit |\n| --- | --- | --- | --- | --- | --- |")
        relations, flags = texts(file, "relation"), file["parameter_flag"][()]
        columns = [file[name][()] for name in ("value", "stderr", "lo95", "hi95")]
        for k, name in enumerate(texts(file, "parameter")):
            value, error, low, high = (column[k] for column in columns)
            if flags[k] & 1:
                continue
            relation = relations[file["parameter_relation"][k]]
            print(f"| {relation} | `{name}` | {number(value)} | {number(error)} | {number(low)} to {number(high)} | "
                  f"{texts(file, 'unit')[k]} |")
        print("\n| relation | observations | rms residual | largest | rms by fits without the deck | chi-square / dof |\n"
              "| --- | --- | --- | --- | --- | --- |")
        for r, relation in enumerate(relations):
            count = int((file["residual_relation"][()] == r).sum())
            left_out = [value for value in file["left_out"][r] if value == value]
            left = (sum(value**2 for value in left_out) / len(left_out)) ** 0.5 if left_out else float("nan")
            degrees = file["relation_degrees"][r]
            ratio = file["relation_chi_square"][r] / degrees if degrees else float("nan")
            unit = texts(file, "relation_unit")[r]
            print(f"| {relation} | {count} | {number(file['relation_rms'][r])} {unit} | "
                  f"{number(file['relation_largest'][r])} {unit} | {number(left)} {unit} | {number(ratio)} |")
