//! Where a repository says how it is quantized, and what each method calls its settings.

use std::collections::BTreeSet;

use super::super::Contents;
use super::super::fields::Fields;

/// A configuration of a quantization.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// The method in lower case.
    pub(super) method: String,
    /// Its settings.
    pub(super) fields: Fields<'a>,
}

impl<'a> Source<'a> {
    /// The first place that tells of a quantization, from files of its own to keys of the model's configuration.
    pub(super) fn of(contents: &'a Contents) -> Option<Self> {
        // A GPTQ repository has it beside the weights; the export tool for ONNX writes a file of the same name.
        let own = Fields(contents.json("quantize_config.json"));
        let has_weights =
            || contents.with_extension(&[".safetensors", ".bin", ".pt"]).any(|file| file.path.depth() == 0);
        if own.first_number(&["bits", "w_bit"]).is_some() && has_weights() {
            return Some(Self { method: own.text("quant_method").unwrap_or("gptq").to_ascii_lowercase(), fields: own });
        }
        let own = Fields(contents.json("quantization_config.json"));
        if let Some(method) = own.text("quant_method") {
            return Some(Self { method: method.to_ascii_lowercase(), fields: own });
        }
        let config = Fields(contents.json("config.json"));
        let nested = config.object("text_config").and_then(|text| text.object("quantization_config"));
        if let Some(fields) = config.object("quantization_config").or(nested) {
            return Self::named(fields).or_else(|| Self::keyed(fields));
        }
        if config.text("quant_method").is_some() {
            return Self::named(config);
        }
        let mlx = config.object("quantization").filter(|fields| fields.number("bits").is_some());
        mlx.map(|fields| Self { method: "mlx".to_owned(), fields })
            .or_else(|| Self::keyed(config))
            .or_else(|| Self::exported(contents))
    }

    /// As older versions of `AutoAWQ` and `ModelOpt` leave it, in a file of their own only.
    fn exported(contents: &'a Contents) -> Option<Self> {
        let awq = Fields(contents.json("quant_config.json"));
        if awq.number("w_bit").is_some() && awq.number("q_group_size").is_some() {
            return Some(Self { method: "awq".to_owned(), fields: awq });
        }
        let fields = Fields(contents.json("hf_quant_config.json")).object("quantization")?;
        fields.text("quant_algo").map(|_| Self { method: "modelopt".to_owned(), fields })
    }

    fn named(fields: Fields<'a>) -> Option<Self> {
        let method = fields.text("quant_method")?.to_ascii_lowercase();
        let method = if method.starts_with("bitsandbytes") { "bitsandbytes".to_owned() } else { method };
        Some(Self { method, fields })
    }

    /// Without the name of a method: by a key that only one has.
    fn keyed(fields: Fields<'a>) -> Option<Self> {
        if fields.flag("load_in_4bit") == Some(true) || fields.flag("load_in_8bit") == Some(true) {
            return Some(Self { method: "bitsandbytes".to_owned(), fields });
        }
        if fields.object("config_groups").is_some() {
            return Some(Self { method: "compressed-tensors".to_owned(), fields });
        }
        // MLX repeats its settings under this key, without a method.
        if fields.number("bits").is_some() && fields.number("group_size").is_some() && fields.get("desc_act").is_none()
        {
            return Some(Self { method: "mlx".to_owned(), fields });
        }
        ["gptq", "awq"]
            .into_iter()
            .find_map(|method| Some(Self { method: method.to_owned(), fields: fields.object(method)? }))
    }

    /// Where the settings of the weights are.
    fn weights(&self) -> Fields<'a> {
        let group =
            || self.fields.object("config_groups")?.0.as_object()?.values().next().map(Fields)?.object("weights");
        let hqq = || self.fields.object("quant_config")?.object("weight_quant_params");
        group().or_else(hqq).unwrap_or(self.fields)
    }

    /// Bits of a weight; with a fraction for methods that mix them.
    pub(super) fn bits(&self) -> Option<f64> {
        let weights = self.weights();
        let written = ["bits", "w_bit", "num_bits", "nbits"].iter().find_map(|key| weights.real(key));
        written.filter(|bits| (0.5..=64.0).contains(bits)).or_else(|| {
            let on = |key| self.fields.flag(key) == Some(true);
            match self.method.as_str() {
                "bitsandbytes" if on("load_in_4bit") => Some(4.0),
                "bitsandbytes" if on("load_in_8bit") => Some(8.0),
                "fp8" | "fbgemm_fp8" | "eetq" => Some(8.0),
                "mxfp4" => Some(4.0),
                "modelopt" => bits_of_algorithm(self.fields.text("quant_algo")?),
                _ => None,
            }
        })
    }

    /// The same without the fraction.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0.5 and 64")]
    pub(super) fn whole_bits(&self) -> Option<u64> {
        self.bits().map(|bits| bits as u64)
    }

    /// Whether some parts have weights of other bits (groups of compressed-tensors, layers of MLX, `dynamic` of GPTQ).
    pub(super) fn mixes_bits(&self) -> bool {
        let parts = [Some(self.fields.object("config_groups").unwrap_or(self.fields)), self.fields.object("dynamic")];
        let parts = parts.into_iter().flatten().filter_map(|parts| parts.0.as_object());
        let parts = parts.flat_map(|parts| parts.values()).map(Fields);
        let bits = parts.filter_map(|part| part.object("weights").unwrap_or(part).first_number(&["num_bits", "bits"]));
        bits.chain(self.whole_bits()).collect::<BTreeSet<_>>().len() > 1
    }

    /// How many weights share a scale.
    pub(super) fn group_size(&self) -> Option<u64> {
        self.weights().first_number(&["group_size", "q_group_size"])
    }

    /// Whether positive and negative values have the same range.
    pub(super) fn symmetric(&self) -> Option<bool> {
        let weights = self.weights();
        weights.flag("sym").or_else(|| weights.flag("symmetric"))
    }

    /// The variant of the method.
    pub(super) fn version(&self) -> Option<String> {
        let keys = ["version", "bnb_4bit_quant_type", "format", "fmt", "checkpoint_format", "codebook", "quant_algo"];
        keys.iter().find_map(|key| self.fields.text(key)).map(str::to_ascii_lowercase)
    }

    /// Parts that are not quantized.
    pub(super) fn excluded(&self) -> Vec<String> {
        let keys = [
            "modules_to_not_convert",
            "ignore",
            "llm_int8_skip_modules",
            "ignored_layers",
            "skip_modules",
            "exclude_modules",
        ];
        let found = keys.iter().map(|key| self.fields.texts(key)).find(|names| !names.is_empty());
        found.unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    /// Bits with the share of the 16-bit scale, and of the zero point where there is one, that each group has.
    #[expect(clippy::cast_precision_loss, reason = "group sizes are small")]
    pub(super) fn with_scales(&self, bits: f64) -> f64 {
        let group = match self.group_size() {
            Some(group) if group > 0 => group as f64,
            _ => return bits,
        };
        let beside = match self.method.as_str() {
            "gptq" | "awq" => 16.0 + bits,
            "mlx" => 32.0,
            "compressed-tensors" => 16.0,
            _ => return bits,
        };
        ((bits + beside / group) * 1000.0).round() / 1000.0
    }
}

/// Bits of a weight by the name that `ModelOpt` gives to how it quantizes: `FP8`, `NVFP4`, `W4A16_AWQ`.
fn bits_of_algorithm(name: &str) -> Option<f64> {
    match name.to_ascii_uppercase() {
        name if name.contains("FP4") || name.starts_with("W4") => Some(4.0),
        name if name.contains("FP8") || name.contains("INT8") || name.starts_with("W8") => Some(8.0),
        _ => None,
    }
}
