/* What this machine can do, by raw calls and no code of the project: the floors of bench/README.md.
 *   bench_floor DIR ROUNDS LEAF LEAVES
 * DIR lies on the store's filesystem; LEAF bytes a leaf, LEAVES of them. One JSON object a line. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "lib.h"

enum { APPEND = 512, READY = 1 << 20, NOTE = 160, FRAME = 300 };

typedef struct {
    int grows, ready; /* files: one grows, of the other all blocks are there */
    off_t at;
    int echo;
    unsigned char pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
    unsigned char sig[crypto_sign_BYTES];
} floor_all;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int file_in(const char *dir, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || unlink(path) != 0)
        die(path);
    return fd;
}

static void do_append(floor_all *f) {
    static const char bytes[APPEND] = "entry";
    if (write(f->grows, bytes, APPEND) != APPEND || fdatasync(f->grows) != 0)
        die("append");
}

static void do_ready(floor_all *f) {
    static const char bytes[APPEND] = "entry";
    if (pwrite(f->ready, bytes, APPEND, f->at) != APPEND || fdatasync(f->ready) != 0)
        die("write");
    f->at = (f->at + APPEND) % READY;
}

static void do_echo(floor_all *f) {
    char frame[FRAME] = "x";
    if (send(f->echo, frame, FRAME, 0) != FRAME || recv(f->echo, frame, FRAME, 0) != FRAME)
        die("echo");
}

static void do_sign(floor_all *f) {
    static const unsigned char text[NOTE] = "hotline/usa/urgent";
    if (crypto_sign_detached(f->sig, NULL, text, NOTE, f->sk) != 0)
        die("sign");
}

static void do_verify(floor_all *f) {
    static const unsigned char text[NOTE] = "hotline/usa/urgent";
    if (crypto_sign_verify_detached(f->sig, text, NOTE, f->pk) != 0)
        die("verify");
}

/* What a stored message cannot do without: both disks, both ways, two signatures, each checked. */
static void do_message(floor_all *f) {
    do_append(f);
    do_sign(f);
    do_echo(f);
    do_verify(f);
    do_append(f);
    do_sign(f);
    do_verify(f);
}

static void do_message_ready(floor_all *f) {
    do_ready(f);
    do_sign(f);
    do_echo(f);
    do_verify(f);
    do_ready(f);
    do_sign(f);
    do_verify(f);
}

static void *echo(void *ctx) {
    char frame[2048];
    struct sockaddr_in from;
    for (int fd = *(int *)ctx;;) {
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &len);
        if (n < 0 || sendto(fd, frame, (size_t)n, 0, (struct sockaddr *)&from, len) != n)
            die("echo");
    }
    return NULL;
}

static void start_echo(floor_all *f) {
    static int server;
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    pthread_t thread;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    f->echo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(server, (struct sockaddr *)&at, len) != 0 ||
        getsockname(server, (struct sockaddr *)&at, &len) != 0 ||
        connect(f->echo, (struct sockaddr *)&at, len) != 0 ||
        pthread_create(&thread, NULL, echo, &server) != 0)
        die("udp");
}

static void measure(floor_all *f, const char *name, size_t rounds, void (*what)(floor_all *)) {
    uint64_t *ns = calloc(rounds, sizeof *ns);
    if (ns == NULL)
        die("memory");
    for (size_t i = 0; i < rounds; i++) {
        uint64_t began = bench_ns();
        what(f);
        ns[i] = bench_ns() - began;
    }
    bench_print(name, ns, rounds);
    free(ns);
}

static void hash_leaves(size_t len, size_t leaves) {
    unsigned char *leaf = calloc(1, len + 1), out[crypto_hash_sha256_BYTES];
    uint64_t ns[9];
    if (leaf == NULL)
        die("memory");
    for (size_t k = 0; k < 9; k++) {
        uint64_t began = bench_ns();
        for (size_t i = 0; i < leaves; i++) {
            memcpy(leaf + 1, &i, len < sizeof i ? len : sizeof i);
            crypto_hash_sha256(out, leaf, len + 1);
        }
        ns[k] = bench_ns() - began;
    }
    bench_print("sha256_leaves", ns, 9);
    free(leaf);
}

int main(int argc, char **argv) {
    static floor_all f;
    static const char zeros[READY];
    if (argc != 5 || sodium_init() < 0)
        return fprintf(stderr, "usage: bench_floor DIR ROUNDS LEAF LEAVES\n"), 2;
    size_t rounds = bench_number(argv[2]);
    f.grows = file_in(argv[1], "bench.grows"), f.ready = file_in(argv[1], "bench.ready");
    if (write(f.ready, zeros, READY) != READY || fsync(f.ready) != 0)
        die("write");
    crypto_sign_keypair(f.pk, f.sk);
    start_echo(&f);
    measure(&f, "append_fdatasync", rounds, do_append);
    measure(&f, "overwrite_fdatasync", rounds, do_ready);
    measure(&f, "udp_echo", rounds, do_echo);
    measure(&f, "sign", rounds, do_sign);
    measure(&f, "verify", rounds, do_verify);
    measure(&f, "message", rounds, do_message);
    measure(&f, "message_overwrite", rounds, do_message_ready);
    hash_leaves(bench_number(argv[3]), bench_number(argv[4]));
    return 0;
}
