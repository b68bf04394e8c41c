using System.IO;
using System.Threading.Tasks;

namespace SyncStorage.Build.EndToEnd.Fixture;

/// <summary>A file system that refuses to change modes, as SMB and mounts of cloud storage do, for all processes of a trial.</summary>
public static class RefusedModes
{
    private const string Library = """
        #include <errno.h>
        #include <sys/stat.h>

        int chmod(const char *path, mode_t mode) { (void)path; (void)mode; errno = EPERM; return -1; }
        int fchmod(int file, mode_t mode) { (void)file; (void)mode; errno = EPERM; return -1; }
        int fchmodat(int folder, const char *path, mode_t mode, int flags) { (void)folder; (void)path; (void)mode; (void)flags; errno = EPERM; return -1; }
        """;

    /// <summary>The same, and new folders are open to everybody.</summary>
    private const string OpenFolders = """

        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <string.h>
        int mkdir(const char *path, mode_t mode)
        {
            int (*next)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
            return next(path, strstr(path, "/results/") ? 0755 : mode);
        }
        """;

    public static async Task InAsync(Trial trial, bool areFoldersOpen)
    {
        string source = Path.Combine(trial.Folder, "modes.c");
        string library = Path.Combine(trial.Folder, "modes.so");
        await File.WriteAllTextAsync(source, areFoldersOpen ? "#define _GNU_SOURCE\n" + Library + OpenFolders.Replace("#define _GNU_SOURCE\n", "", System.StringComparison.Ordinal) : Library);
        CommandResult compiled;
        try
        {
            compiled = await Command.RunAsync(trial.Folder, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], file: "cc");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Assert.Inconclusive($"Needs a C compiler to refuse a change of modes: {e.Message}");
            throw;
        }

        Assert.AreEqual(0, compiled.ExitCode, compiled.Output);
        trial.Environment["LD_PRELOAD"] = library;
    }
}
