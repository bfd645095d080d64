/* What this program is, for files and for --version. All are static strings. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

const char *version_number(void);   /* "0.1.0" */
const char *version_commit(void);   /* git commit, "-modified" appended where the tree had changes */
const char *version_compiler(void); /* name and version */
const char *version_kernel(void);   /* name of the numerical kernel set that runs */

#endif
