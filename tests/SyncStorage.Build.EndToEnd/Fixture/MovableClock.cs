using System.Buffers.Binary;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>
/// The time of day of all processes of a trial, which jumps when told to, as it does when somebody sets the clock of a machine.
/// A small C library stands between them and the operating system; time that only counts on (monotonic) is left alone.
/// </summary>
public sealed class MovableClock
{
    private const string Library = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static volatile long long *seconds;

        __attribute__((constructor)) static void open_offset(void)
        {
            const char *path = getenv("CLOCK_OFFSET");
            int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
            if (file < 0) return;
            void *memory = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
            if (memory != MAP_FAILED) seconds = memory;
            close(file);
        }

        int clock_gettime(clockid_t clock, struct timespec *now)
        {
            static int (*next)(clockid_t, struct timespec *);
            if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int result = next(clock, now);
            if (result == 0 && seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *seconds;
            return result;
        }

        int gettimeofday(struct timeval *now, void *zone)
        {
            struct timespec precise;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
            now->tv_sec = precise.tv_sec;
            now->tv_usec = precise.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *result)
        {
            struct timespec precise;
            clock_gettime(CLOCK_REALTIME, &precise);
            if (result) *result = precise.tv_sec;
            return precise.tv_sec;
        }
        """;

    private readonly string _offset;

    private MovableClock(string offset) => _offset = offset;

    public static async Task<MovableClock> InAsync(Trial trial)
    {
        string source = Path.Combine(trial.Folder, "clock.c");
        string library = Path.Combine(trial.Folder, "clock.so");
        var clock = new MovableClock(Path.Combine(trial.Folder, "clock-offset"));
        await File.WriteAllTextAsync(source, Library);
        clock.JumpBy(TimeSpan.Zero);
        CommandResult compiled;
        try
        {
            compiled = await Command.RunAsync(trial.Folder, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], file: "cc");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Assert.Inconclusive($"Needs a C compiler to move the clock of a process: {e.Message}");
            throw;
        }

        Assert.AreEqual(0, compiled.ExitCode, compiled.Output);
        trial.Environment["CLOCK_OFFSET"] = clock._offset;
        trial.Environment["LD_PRELOAD"] = library;
        return clock;
    }

    /// <summary>From the machine's own time.</summary>
    public void JumpBy(TimeSpan offset)
    {
        byte[] seconds = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(seconds, (long)offset.TotalSeconds);
        using var file = new FileStream(_offset, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(seconds);
    }
}
