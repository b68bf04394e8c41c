using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SyncStorage.Server.Tests.TestIt;

/// <summary>Answers of a Test IT that means harm, or has lost its mind, to a search of results.</summary>
internal static class HostileAnswers
{
    public static Func<HttpContext, Task<bool>> Of(string kind, string runId, string configurationId)
    {
        byte[] body = Encoding.UTF8.GetBytes(kind switch
        {
            "null" => "null",
            "null element" => $"[{Hit("1", runId, configurationId)},null]",
            "no external id" => $"[{Hit("1", runId, configurationId)},{{\"id\":\"2\"}}]",
            "blank external id" => $"[{Hit("1", runId, configurationId)},{{\"id\":\"2\",\"autotestExternalId\":\" \"}}]",
            "same page" => $"[{Hit("1", runId, configurationId)}]",
            "object" => "{}",
            _ => "[]",
        });
        int page = 0;
        return async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("/search", StringComparison.Ordinal) || !context.Request.Path.Value.Contains("esults", StringComparison.Ordinal))
            {
                return false;
            }

            context.Response.ContentType = "application/json";
            switch (kind)
            {
                case "gzip":
                    context.Response.Headers.ContentEncoding = "gzip";
                    await using (var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest))
                    {
                        await gzip.WriteAsync("[{}"u8.ToArray());
                        byte[] more = Encoding.UTF8.GetBytes(string.Concat(System.Linq.Enumerable.Repeat(",{}", 100_000)));
                        for (int i = 0; i < 300; i++)
                        {
                            await gzip.WriteAsync(more, context.RequestAborted);
                        }
                    }

                    return true;
                case "objects":
                    await context.Response.WriteAsync("[{}" + string.Concat(System.Linq.Enumerable.Repeat(",{}", 4_000_000)) + "]");
                    return true;
                case "endless pages":
                    var text = new StringBuilder("[");
                    for (int i = 0; i < 5_000; i++)
                    {
                        text.Append(i == 0 ? "" : ",").Append(Hit((page++).ToString(CultureInfo.InvariantCulture), runId, configurationId));
                    }

                    await context.Response.WriteAsync(text.Append(']').ToString());
                    return true;
                default:
                    bool isFirst = context.Request.QueryString.Value!.Contains("Skip=0", StringComparison.Ordinal);
                    await context.Response.Body.WriteAsync(isFirst || kind is "same page" or "null" or "object" ? body : "[]"u8.ToArray());
                    return true;
            }
        };
    }

    private static string Hit(string id, string runId, string configurationId)
        => $$"""{"id":"{{id}}","autotestExternalId":"a-{{id}}","testRunId":"{{runId}}","configurationId":"{{configurationId}}","status":{"type":"InProgress","code":null} }""";
}
