using System.Xml;
using Microsoft.VisualStudio.TestPlatform.ObjectModel.DataCollection;

namespace Empty.Collector;

/// <summary>Does nothing: what any data collector costs.</summary>
[DataCollectorFriendlyName("Empty")]
[DataCollectorTypeUri("datacollector://Empty/v1")]
public sealed class EmptyCollector : DataCollector
{
    /// <inheritdoc />
    public override void Initialize(XmlElement? configurationElement, DataCollectionEvents events, DataCollectionSink dataSink, DataCollectionLogger logger, DataCollectionEnvironmentContext? environmentContext)
    {
    }
}
