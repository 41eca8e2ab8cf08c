/* openline-web — the console's server (docs/CONSOLE.md). */
#include <arpa/inet.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "base/version.h"
#include "web/asset.h"
#include "web/login.h"
#include "web/web.h"

static const char usage_text[] =
    "usage: openline-web [options]\n"
    "Serves the console of the party in OPENLINE_HOME (~/.openline) to browsers.\n\n"
    "It prints two addresses: whoever opens the first may act, whoever opens the second only looks "
    "on;\n"
    "with --setup a third: whoever opens it may also make keys, found lines and start the "
    "station.\n"
    "Each opens one browser, once; then a new one is printed. Without a certificate it listens on\n"
    "127.0.0.1 alone; with one, officers may also log in, by number and passphrase.\n\n"
    "options:\n"
    "  --port N        the port (8477; 0: any that is free)\n"
    "  --listen ADDR   another address of this machine, such as 10.0.0.5; needs --cert\n"
    "  --name HOST     what browsers call it, where that is not its address; needs --cert\n"
    "  --cert FILE     its certificate and those above it, PEM\n"
    "  --key FILE      the certificate's private key, PEM\n"
    "  --setup         let a seat of its own set this party up\n"
    "  --licences      print the licences of what is built in, and end\n"
    "  --version       print the version, and end\n"
    "  --help          print this, and end\n";

typedef struct {
    const char *port, *listen, *name, *cert, *key;
    bool setup;
} options;

static int fail(const char *what, const char *todo) {
    (void)fprintf(stderr, "openline-web: %s; %s\n", what, todo);
    return 1;
}

static int usage(const char *what, const char *which) {
    (void)fprintf(stderr, "openline-web: %s%s; openline-web --help lists the options\n", which,
                  what);
    return 2;
}

/* An exit code, or -1: go on. */
static int parse(int argc, char **argv, options *o) {
    const struct {
        const char *name;
        const char **to;
    } known[] = {
        { "--port", &o->port }, { "--listen", &o->listen }, { "--name", &o->name },
        { "--cert", &o->cert }, { "--key", &o->key },
    };
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        if (strcmp(argv[i], "--setup") == 0) {
            if (o->setup)
                return usage(" stands twice", argv[i]);
            o->setup = true;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--licences") == 0) {
            (void)fputs(argv[i][2] == 'h' ? usage_text : ol_assets_licences, stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        }
        if (strcmp(argv[i], "--version") == 0) {
            (void)printf("openline-web %s\n", OL_VERSION);
            return fflush(stdout) == 0 ? 0 : 1;
        }
        while (k < OL_LEN(known) && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == OL_LEN(known))
            return usage(" is no option", argv[i]);
        if (*known[k].to != NULL)
            return usage(" stands twice", argv[i]);
        if (i + 1 == argc)
            return usage(" needs a value after it", argv[i]);
        *known[k].to = argv[++i];
    }
    if ((o->cert == NULL) != (o->key == NULL))
        return usage("--cert and --key go together", "");
    if (o->cert == NULL && (o->listen != NULL || o->name != NULL))
        return usage("--listen and --name need a certificate (--cert and --key): without one only "
                     "this machine is served",
                     "");
    return -1;
}

static bool begin_tls(ol_web *w, const options *o) {
    w->tls = SSL_CTX_new(TLS_server_method());
    return w->tls != NULL && SSL_CTX_set_min_proto_version(w->tls, TLS1_3_VERSION) == 1 &&
           SSL_CTX_use_certificate_chain_file(w->tls, o->cert) == 1 &&
           SSL_CTX_use_PrivateKey_file(w->tls, o->key, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(w->tls) == 1;
}

static void add_host(ol_web *w, const char *host) {
    int n = snprintf(w->host[w->hosts], sizeof w->host[0],
                     strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, w->port);
    w->hosts += n > 0 && (size_t)n < sizeof w->host[0];
    /* a browser leaves its scheme's own port away */
    if (w->port != (w->tls != NULL ? 443 : 80) || w->hosts == OL_WEB_HOSTS)
        return;
    (void)snprintf(w->host[w->hosts++], sizeof w->host[0],
                   strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}

static void print_address(const ol_web *w, ol_seat_right right) {
    static const char *const may[] = { "", "looks", "acts", "sets up" };
    (void)printf("%s: %s://%s/?key=%s\n", may[right], w->tls != NULL ? "https" : "http", w->host[0],
                 w->seats.key[right]);
    (void)fflush(stdout);
}

static void seated(ol_web *w, ol_seat_right right) {
    print_address(w, right);
}

static int listen_at(ol_web *w, const options *o) {
    const char *at = o->listen == NULL ? "127.0.0.1" : o->listen;
    struct sockaddr_storage addr;
    uint64_t port = 8477;
    int len = sizeof addr;
    if (o->port != NULL && ol_u64_get(o->port, strlen(o->port), 0, 65535, &port) != OL_OK)
        return usage(" is no port: it is a number from 0 to 65535", o->port);
    if (uv_ip4_addr(at, (int)port, (struct sockaddr_in *)&addr) != 0 &&
        uv_ip6_addr(at, (int)port, (struct sockaddr_in6 *)&addr) != 0)
        return usage(" is no address of a machine, such as 10.0.0.5", at);
    (void)uv_tcp_init(w->loop, &w->listener);
    w->listener.data = w;
    int err = uv_tcp_bind(&w->listener, (struct sockaddr *)&addr, 0);
    err = err == 0 ? uv_listen((uv_stream_t *)&w->listener, 64, ol_web_came) : err;
    err = err == 0 ? uv_tcp_getsockname(&w->listener, (struct sockaddr *)&addr, &len) : err;
    if (err != 0)
        return fail(uv_strerror(err), "give another --port, or end what listens there");
    w->port = ntohs(addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
                                               : ((struct sockaddr_in *)&addr)->sin_port);
    if (o->name != NULL)
        add_host(w, o->name);
    add_host(w, at);
    if (o->listen == NULL)
        add_host(w, "localhost");
    (void)snprintf(w->cookie, sizeof w->cookie, "openline-%d", w->port);
    return -1;
}

/* Where the station's home is, and the program that acts: beside this one. */
static bool find_files(char home[4096], char program[4096]) {
    const char *given = getenv("OPENLINE_HOME"), *user = getenv("HOME");
    int n = given != NULL ? snprintf(home, 4096, "%s", given)
                          : snprintf(home, 4096, "%s/.openline", user == NULL ? "" : user);
    ssize_t len = readlink("/proc/self/exe", program, 4000);
    if (n <= 0 || n >= 4096 || len <= 0)
        return false;
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    memcpy(slash + 1, "openline", sizeof "openline");
    return access(program, X_OK) == 0;
}

static void stop(uv_signal_t *signal, int number) {
    (void)number;
    uv_stop(signal->loop);
}

/* What passes through may be a passphrase or a share: its memory is wiped when it is let go. */
static void wipe_free(void *p) {
    if (p != NULL)
        sodium_memzero(p, malloc_usable_size(p));
    free(p);
}

static bool be_careful(void) {
    json_set_alloc_funcs(malloc, wipe_free);
    const struct rlimit none = { 0, 0 };
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_CORE, &none) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int main(int argc, char **argv) {
    static ol_web w;
    static char home[4096], program[4096];
    uv_signal_t ends[2];
    options o = { 0 };
    int code = parse(argc, argv, &o);
    if (code >= 0)
        return code;
    if (sodium_init() < 0 || !be_careful())
        return fail("the system refuses what it needs to be safe", "look at its limits");
    if (!find_files(home, program))
        return fail("the program openline is not beside this one", "install both together");
    w.loop = uv_default_loop();
    w.home = home, w.program = program, w.seated = seated, w.setup = o.setup;
    if (o.cert != NULL && !begin_tls(&w, &o))
        return fail("the certificate or its key cannot be used",
                    "give both as PEM files that belong together");
    w.logins = w.tls != NULL ? ol_logins_new(&w) : NULL;
    code = listen_at(&w, &o);
    if (code >= 0)
        return code;
    ol_seats_init(&w.seats);
    for (size_t i = 0; i < OL_LEN(ends); i++) {
        (void)uv_signal_init(w.loop, &ends[i]);
        (void)uv_signal_start(&ends[i], stop, i == 0 ? SIGINT : SIGTERM);
    }
    print_address(&w, OL_SEAT_ACTS);
    print_address(&w, OL_SEAT_VIEWS);
    if (w.setup)
        print_address(&w, OL_SEAT_SETS);
    (void)uv_run(w.loop, UV_RUN_DEFAULT);
    sodium_memzero(&w.seats, sizeof w.seats);
    return 0;
}
