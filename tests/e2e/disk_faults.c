// Put before the C library with LD_PRELOAD: makes writes and syncs below one folder fail as a disk
// would.
//
//   FAULT_FOLDER        only files below it
//   FAULT_WRITE_BYTES   after so many bytes writes find the disk full (ENOSPC)
//   FAULT_SYNC          the sync of this number, and each one after it, fails (EIO)
//   FAULT_SYNC_COUNT    a file: how many syncs there were is written there
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long written;
static atomic_long syncs;

static long number_of(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? -1 : atol(text);
}

static int is_below(int descriptor) {
  const char *folder = getenv("FAULT_FOLDER");
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t bytes = readlink(link, path, sizeof path - 1);
  if (folder == NULL || bytes < 0) return 0;
  path[bytes] = '\0';
  return strncmp(path, folder, strlen(folder)) == 0;
}

static ssize_t fail_when_full(int descriptor, const struct iovec *parts, int count) {
  long limit = number_of("FAULT_WRITE_BYTES");
  if (limit < 0 || !is_below(descriptor)) return 0;
  long bytes = 0;
  for (int i = 0; i < count; ++i) bytes += (long)parts[i].iov_len;
  if (atomic_fetch_add(&written, bytes) + bytes <= limit) return 0;
  errno = ENOSPC;
  return -1;
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
  static ssize_t (*real)(int, const struct iovec *, int, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwritev64");
  if (fail_when_full(descriptor, parts, count) < 0) return -1;
  return real(descriptor, parts, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(descriptor, parts, count, offset);
}

int fdatasync(int descriptor) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  if (!is_below(descriptor)) return real(descriptor);
  long sync = atomic_fetch_add(&syncs, 1) + 1;
  const char *count = getenv("FAULT_SYNC_COUNT");
  if (count != NULL) {
    FILE *to = fopen(count, "w");
    if (to != NULL) {
      fprintf(to, "%ld\n", sync);
      fclose(to);
    }
  }
  long nth = number_of("FAULT_SYNC");
  if (nth > 0 && sync >= nth) {
    errno = EIO;
    return -1;
  }
  return real(descriptor);
}
