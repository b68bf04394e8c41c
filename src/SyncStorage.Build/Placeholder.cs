namespace SyncStorage.Build; internal static class Placeholder;
