/* dotnet.exe. NuGet serves no muxer for Windows, but the runtime pack's hostfxr.dll does a muxer's work: this loads the newest host\fxr\VERSION\hostfxr.dll
   beside the program. hostfxr takes itself for a muxer when the application that it is told about does not exist. */
#include <windows.h>
#include <shellapi.h>
#include <stdio.h>
#include <wchar.h>

typedef int (__cdecl *hostfxr_main)(int argc, const wchar_t **argv, const wchar_t *host, const wchar_t *root, const wchar_t *application);

static long long rank(const wchar_t *version)
{
    int major = 0, minor = 0, patch = 0;
    swscanf(version, L"%d.%d.%d", &major, &minor, &patch);
    return ((long long)major << 40) + ((long long)minor << 20) + patch;
}

int main(void)
{
    static wchar_t host[4096], root[4096], path[4600], newest[260];
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    GetModuleFileNameW(NULL, host, 4096);
    wcscpy(root, host);
    *wcsrchr(root, L'\\') = 0;

    WIN32_FIND_DATAW entry;
    swprintf(path, 4600, L"%ls\\host\\fxr\\*", root);
    HANDLE entries = FindFirstFileW(path, &entry);
    for (BOOL more = entries != INVALID_HANDLE_VALUE; more; more = FindNextFileW(entries, &entry))
        if (rank(entry.cFileName) > rank(newest)) wcscpy(newest, entry.cFileName);

    swprintf(path, 4600, L"%ls\\host\\fxr\\%ls\\hostfxr.dll", root, newest);
    HMODULE library = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library) { fwprintf(stderr, L"%ls cannot be loaded: error %lu\n", path, GetLastError()); return 1; }
    hostfxr_main run = (hostfxr_main)(void *)GetProcAddress(library, "hostfxr_main_startupinfo");
    swprintf(path, 4600, L"%ls\\dotnet.dll", root);
    return run(argc, (const wchar_t **)argv, host, root, path);
}
