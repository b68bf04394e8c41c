namespace SyncStorage.Collector; internal static class Placeholder;
