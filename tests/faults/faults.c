// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into nnlock: file system calls that fail or are slow when the environment says so, and a log of what became of the output.
//   NNLOCK_FAULT_LOG          file for one line a step: "made" (an output without its name), "named" (a temporary name), "done" (its name)
//   NNLOCK_FAULT_NO_TMPFILE   O_TMPFILE is not supported
//   NNLOCK_FAULT_SLOW         microseconds that each write and each renaming takes longer
//   NNLOCK_FAULT_READ, _WRITE how many reads or writes go well before one fails
//   NNLOCK_FAULT_SYNC         fdatasync fails
//   NNLOCK_FAULT_ERRNO        the error; 0: a read finds the end of the file
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) __typeof__(&name) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)  // the system's own

static atomic_long reads, writes;

static long setting(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text == NULL ? otherwise : atol(text);
}

static void note(const char* line) {
  const char* path = getenv("NNLOCK_FAULT_LOG");
  NEXT(open);
  const int fd = path == NULL ? -1 : next(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (write(fd, line, strlen(line)) < 0) abort();
  close(fd);
}

static int fails(const char* name, atomic_long* calls) {
  const long good = setting(name, -1);
  return good >= 0 && atomic_fetch_add(calls, 1) >= good;
}

static int refuse(void) {
  errno = (int)setting("NNLOCK_FAULT_ERRNO", EIO);
  return errno == 0 ? 0 : -1;
}

static void linger(void) { usleep((useconds_t)setting("NNLOCK_FAULT_SLOW", 0)); }

int open(const char* path, int flags, ...) {
  NEXT(open);
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);  // garbage without O_CREAT, and then not looked at
  va_end(more);
  const int unnamed = (flags & O_TMPFILE) == O_TMPFILE;
  if (unnamed && setting("NNLOCK_FAULT_NO_TMPFILE", 0)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  const int fd = next(path, flags, mode);
  if (fd >= 0 && unnamed) note("made\n");
  if (fd >= 0 && (flags & O_EXCL) != 0 && (flags & O_CREAT) != 0) note("made\nnamed\n");
  return fd;
}

ssize_t pread(int fd, void* out, size_t size, off_t offset) {
  NEXT(pread);
  return fails("NNLOCK_FAULT_READ", &reads) ? refuse() : next(fd, out, size, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  NEXT(pwrite);
  linger();
  return fails("NNLOCK_FAULT_WRITE", &writes) ? refuse() : next(fd, bytes, size, offset);
}

int fdatasync(int fd) {
  NEXT(fdatasync);
  return setting("NNLOCK_FAULT_SYNC", 0) ? refuse() : next(fd);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  NEXT(linkat);
  const int done = next(from_folder, from, to_folder, to, flags);
  if (done == 0) note(strstr(to, ".nnlock-") != NULL ? "named\n" : "done\n");
  return done;
}

int rename(const char* from, const char* to) {
  NEXT(rename);
  linger();
  const int done = next(from, to);
  if (done == 0) note("done\n");
  return done;
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  NEXT(renameat2);
  linger();
  const int done = next(from_folder, from, to_folder, to, flags);
  if (done == 0) note("done\n");
  return done;
}
