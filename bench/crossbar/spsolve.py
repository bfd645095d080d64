"""One vector of an array by scipy's spsolve: spsolve.py N < doubles (conductances [N][N], volts [N]; 2 ohm wires, 100 ohm
ends). Prints the median processor time of three solutions, the matrix apart, then the column currents."""
import sys
import time

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

n = int(sys.argv[1])
data = np.frombuffer(sys.stdin.buffer.read())
conductance, volts = data[: n * n].reshape(n, n), data[n * n :]
word = np.arange(n * n).reshape(n, n)
bit = word + n * n
one = np.concatenate([word.ravel(), word[:, :-1].ravel(), bit[:-1].ravel()])
other = np.concatenate([bit.ravel(), word[:, 1:].ravel(), bit[1:].ravel()])
siemens = np.concatenate([conductance.ravel(), np.full(2 * n * (n - 1), 1 / 2)])
ends = np.concatenate([word[:, 0], bit[-1]])
end_siemens = np.full(2 * n, 1 / 102)
rows = np.concatenate([one, other, one, other, ends])
columns = np.concatenate([one, other, other, one, ends])
matrix = coo_matrix((np.concatenate([siemens, siemens, -siemens, -siemens, end_siemens]), (rows, columns))).tocsc()
right = np.zeros(2 * n * n)
right[word[:, 0]] = volts / 102
taken = []
for _ in range(3):
    before = time.process_time()
    solution = spsolve(matrix, right)
    taken.append(time.process_time() - before)
print(sorted(taken)[1])
print("\n".join(repr(float(x)) for x in solution[bit[-1]] / 102))
