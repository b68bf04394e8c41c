using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncStorage.Server.TestIt.Api;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<ResultModel>))]
[JsonSerializable(typeof(ResultUpdateModel))]
[JsonSerializable(typeof(ResultFilterModel))]
[JsonSerializable(typeof(List<ResultHit>))]
[JsonSerializable(typeof(ResultDetails))]
[JsonSerializable(typeof(AutoTestSearchModel))]
[JsonSerializable(typeof(IReadOnlyList<AutoTestCreateModel>))]
[JsonSerializable(typeof(IReadOnlyList<AutoTestUpdateModel>))]
[JsonSerializable(typeof(List<AutoTestDetails>))]
[JsonSerializable(typeof(List<WorkItemModel>))]
[JsonSerializable(typeof(RunCreateModel))]
[JsonSerializable(typeof(RunUpdateModel))]
[JsonSerializable(typeof(RunDetails))]
[JsonSerializable(typeof(ProjectDetails))]
[JsonSerializable(typeof(WorkflowDetails))]
[JsonSerializable(typeof(ConfigurationFilterModel))]
[JsonSerializable(typeof(List<ConfigurationDetails>))]
[JsonSerializable(typeof(ProblemModel))]
[JsonSerializable(typeof(IdModel))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<LinkModel>))]
internal sealed partial class TestItJson : JsonSerializerContext
{
    /// <summary>Writes letters as they are: a Cyrillic name would be three times as long as \u escapes.</summary>
    public static readonly TestItJson Wire = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
