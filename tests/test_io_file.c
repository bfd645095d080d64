/* Whole files and SHA-256. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "io/digest.h"
#include "io/file.h"

TestSuite(file, .timeout = 20);
TestSuite(digest, .timeout = 20);

static void assert_content(const char *path, const char *expected)
{
    struct rs_error err = {{0}};
    char *bytes;
    size_t n_bytes;
    cr_assert_eq(file_read(path, 1000, &bytes, &n_bytes, &err), RS_OK, "%s", err.text);
    cr_assert_eq(n_bytes, strlen(expected));
    cr_assert_str_eq(bytes, expected);
    free(bytes);
}

Test(file, what_is_written_is_read_back_and_replaced, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    cr_assert_eq(file_write("a.txt", "one", 3, &err), RS_OK, "%s", err.text);
    assert_content("a.txt", "one");
    cr_assert_eq(file_write("a.txt", "", 0, &err), RS_OK, "%s", err.text);
    assert_content("a.txt", "");
    cr_assert_eq(count_files(), 1);
}

Test(file, reading_stops_at_the_limit, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    char *bytes;
    size_t n_bytes;
    cr_assert_eq(file_write("a.txt", "12345", 5, &err), RS_OK);
    cr_assert_eq(file_read("a.txt", 4, &bytes, &n_bytes, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "a.txt: error: more than 4 bytes found, at most that many expected");
    cr_assert_eq(file_read("a.txt", 5, &bytes, &n_bytes, &err), RS_OK);
    free(bytes);
}

Test(file, what_cannot_be_read_is_an_io_error)
{
    struct rs_error err = {{0}};
    char *bytes;
    size_t n_bytes;
    cr_assert_eq(file_read("/nowhere/a", 10, &bytes, &n_bytes, &err), RS_IO);
    cr_assert_str_eq(err.text, "/nowhere/a: error: cannot open: No such file or directory");
    cr_assert_eq(file_read("/tmp", 10, &bytes, &n_bytes, &err), RS_IO);
    cr_assert_str_eq(err.text, "/tmp: error: cannot read: Is a directory");
}

Test(file, what_cannot_be_created_says_why, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    const char *const paths[] = {"nowhere/a.txt", ".", "", "a.txt/b"};
    cr_assert_eq(file_write("a.txt", "x", 1, &err), RS_OK);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        cr_assert_eq(file_write(paths[i], "x", 1, &err), RS_CREATE, "'%s'", paths[i]);
        cr_assert(strstr(err.text, ": error: cannot create: ") != NULL, "%s", err.text);
        cr_assert_eq(file_check_writable(paths[i], &err), RS_CREATE);
    }
    cr_assert_eq(count_files(), 1);
    cr_assert_eq(file_check_writable("b.txt", &err), RS_OK);
    cr_assert_eq(count_files(), 1);
}

Test(file, a_failed_write_leaves_the_old_file_and_nothing_else, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    static char zeros[20000];
    cr_assert_eq(file_write("a.txt", "old", 3, &err), RS_OK);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit saved, tight;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &saved), 0);
    tight = saved;
    tight.rlim_cur = 10000;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum rs_status status = file_write("a.txt", zeros, sizeof zeros, &err);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &saved), 0);
    cr_assert_eq(status, RS_IO);
    cr_assert_str_eq(err.text, "a.txt: error: cannot write: File too large");
    assert_content("a.txt", "old");
    cr_assert_eq(count_files(), 1);
}

Test(file, a_link_is_followed_and_a_device_is_not_replaced, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct stat found;
    cr_assert_eq(file_write("a.txt", "old", 3, &err), RS_OK);
    cr_assert_eq(symlink("a.txt", "link"), 0);
    cr_assert_eq(file_write("link", "new", 3, &err), RS_OK, "%s", err.text);
    assert_content("a.txt", "new");
    cr_assert(lstat("link", &found) == 0 && S_ISLNK(found.st_mode));
    cr_assert_eq(file_write("/dev/null", "new", 3, &err), RS_OK, "%s", err.text);
    cr_assert(stat("/dev/null", &found) == 0 && S_ISCHR(found.st_mode));
    cr_assert_eq(file_write("/dev/full", "new", 3, &err), RS_IO);
    cr_assert_str_eq(err.text, "/dev/full: error: cannot write: No space left on device");
}

Test(file, a_draft_appears_only_when_finished, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct file_draft *draft, *other;
    cr_assert_eq(file_begin("a.txt", &draft, &err), RS_OK);
    cr_assert_eq(file_begin("a.txt", &other, &err), RS_OK, "two drafts of one name: %s", err.text);
    cr_assert_eq(file_append(draft, "ab", 2, &err), RS_OK);
    cr_assert_eq(file_append(draft, "c", 1, &err), RS_OK);
    cr_assert_neq(access("a.txt", F_OK), 0);
    cr_assert_eq(file_finish(draft, &err), RS_OK);
    assert_content("a.txt", "abc");
    file_discard(other);
    file_discard(NULL);
    cr_assert_eq(count_files(), 1);
}

/* FIPS 180-4 examples (NIST's SHA256 example values) and the empty message. */
Test(digest, the_known_answers_come_out)
{
    const struct {
        const char *message, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
         "mnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct digest digest;
        char text[DIGEST_TEXT_SIZE];
        digest_init(&digest);
        digest_add(&digest, cases[i].message, strlen(cases[i].message));
        digest_finish(&digest, text);
        cr_assert_str_eq(text, cases[i].digest, "%s", cases[i].message);
    }
}

Test(digest, a_million_letters_in_uneven_parts_give_the_known_answer)
{
    struct digest digest;
    char text[DIGEST_TEXT_SIZE], letters[1000];
    memset(letters, 'a', sizeof letters);
    digest_init(&digest);
    size_t n = 0;
    for (size_t part = 1; n < 1000000; part = (part * 7 + 3) % 1000) {
        if (part > 1000000 - n)
            part = 1000000 - n;
        digest_add(&digest, letters, part);
        n += part;
    }
    digest_finish(&digest, text);
    cr_assert_str_eq(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(digest, a_file_counts_as_its_bytes, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    cr_assert_eq(file_write("a", "abc", 3, &err), RS_OK);
    digest_init(&digest);
    cr_assert_eq(digest_add_file(&digest, "a", &err), RS_OK);
    digest_finish(&digest, text);
    cr_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_assert_eq(digest_add_file(&digest, "b", &err), RS_IO);
    cr_assert_eq(digest_add_file(&digest, "/tmp", &err), RS_IO);
}
