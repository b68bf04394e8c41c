using System.Text.Json;
using System.Text.Json.Serialization;
using SyncStorage.Results;
using SyncStorage.Sessions;
using SyncStorage.Settings;

namespace SyncStorage.Protocol;

/// <summary>Every JSON shape that crosses a process boundary. Generated, because reflection costs a process 100 ms at its first call.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterResponse))]
[JsonSerializable(typeof(WorkerStatusRequest))]
[JsonSerializable(typeof(TestResultCut))]
[JsonSerializable(typeof(KeepAliveRequest))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(PublishedResponse))]
[JsonSerializable(typeof(CompletionResponse))]
[JsonSerializable(typeof(ObservedResult))]
[JsonSerializable(typeof(ServerState))]
[JsonSerializable(typeof(RunSettings))]
[JsonSerializable(typeof(TestPlan))]
[JsonSerializable(typeof(ProjectPlanRequest))]
[JsonSerializable(typeof(ProjectPlan))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class WireJson : JsonSerializerContext;

/// <summary>
/// The same shapes for those that only write them. Without the metadata that reading needs a process has a few hundred methods
/// less to compile before its first message, which is what MSBuild's time goes into.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.Never, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterResponse))]
[JsonSerializable(typeof(WorkerStatusRequest))]
[JsonSerializable(typeof(TestResultCut))]
[JsonSerializable(typeof(KeepAliveRequest))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(PublishedResponse))]
[JsonSerializable(typeof(CompletionResponse))]
[JsonSerializable(typeof(ObservedResult))]
[JsonSerializable(typeof(ServerState))]
[JsonSerializable(typeof(RunSettings))]
[JsonSerializable(typeof(TestPlan))]
[JsonSerializable(typeof(ProjectPlanRequest))]
[JsonSerializable(typeof(ProjectPlan))]
internal sealed partial class WireJsonOut : JsonSerializerContext
{
    // What MSBuild writes while the user waits goes straight to the generated code: the serializer would first set up converters that
    // writing needs none of.
    public byte[] Write(RunSettings run) => Write(run, RunSettingsSerializeHandler);

    public byte[] Write(ProjectPlanRequest request) => Write(request, ProjectPlanRequestSerializeHandler);

    private static byte[] Write<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            write(writer, value);
        }

        return stream.ToArray();
    }
}
