namespace SyncStorage.TestLogger; internal static class Placeholder;
